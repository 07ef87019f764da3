"""Pages of the manual that promise something: what they name is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from copyhound.domain.lifecycle import NOTICE_MONTHS, QUIET
from copyhound.schema_export import shipped_surfaces

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "core" / "copyhound" / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def clients() -> set[tuple[str, str]]:
    """(name, version) of each client of a vendor that a test installs from its registry."""
    text = "".join(path.read_text("utf-8") for path in (ROOT / "tests" / "surfaces").glob("*.py"))
    called = re.findall(r"\b(?:python|node)_client\(\s*((?:\"[^\"]+\"[,\s]*)+)\)", text)
    found = re.findall(r"\"([\w-]+)(?:==|@)([\d.]+)\"", " ".join(called))
    return set(found)


def test_libraries_and_their_introductions_are_named() -> None:
    """The page of libraries leads to introductions to REST and JSON, to our own client and to the OpenAPI document."""
    text = page("libraries")
    for link in ("en.wikipedia.org/wiki/REST", "json.org", "(/schema/openapi.json)", "(/docs/try)"):
        assert link in text
    assert "`copyhound_client`" in text


def test_every_client_that_tests_install_is_named() -> None:
    """Each client that runs against Copyhound in the tests stands in the table of libraries, with its version."""
    text = page("libraries")
    assert clients()
    assert [one for one in clients() if f"| `{one[0]}` | {one[1]} |" not in text] == []


def test_the_example_of_the_client_is_python() -> None:
    """The example parses, and what it calls is there."""
    import copyhound_client

    (code,) = re.findall(r"```python\n(.*?)```", page("libraries"), re.DOTALL)
    tree = ast.parse(code)
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _name(node.value) == "hound"}
    assert called >= {"start_search", "pages", "list_matches_of_list", "get_list"}
    assert [name for name in called if not hasattr(copyhound_client.Copyhound, name)] == []
    assert hasattr(copyhound_client.models, "SearchIn")


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def test_questions_have_answers() -> None:
    """The page of questions has many, each with an answer."""
    parts = page("faq").split("\n### ")[1:]
    assert len(parts) >= 10
    assert all(part.partition("\n")[2].strip() for part in parts)


@pytest.mark.parametrize("prefix", sorted(prefix for spec in shipped_surfaces() for prefix in spec.prefixes))
def test_authentication_tells_of_every_api(prefix: str) -> None:
    """Each API that another vendor's client may speak has its way to authenticate on the page."""
    assert f"/{prefix.strip('/').partition('/')[0]}" in page("authentication")


def test_authentication_names_what_is_open() -> None:
    """All routes that need no key are on the page, by their first part."""
    tree = ast.parse((ROOT / "tests" / "http" / "test_auth.py").read_text("utf-8"))
    (told,) = (node.value for node in tree.body if isinstance(node, ast.Assign) and _name(node.targets[0]) == "OPEN")
    paths = {path for _, path in ast.literal_eval(told)} - {"/"}
    assert [path for path in sorted(paths) if f"`/{path.split('/')[1]}" not in page("authentication")] == []


def test_the_policy_has_the_rules() -> None:
    """The page on versions has the figures that the code keeps, and the headers."""
    text = page("lifecycle")
    assert f"**{NOTICE_MONTHS} months**" in text
    assert f"**{QUIET.days} days**" in text
    assert [
        word for word in ("Deprecation:", "Sunset:", "successor-version", "GET /lifecycle") if word not in text
    ] == []
