"""The manual tells of all there is, and of nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import copyhound_schemas
from copyhound.cli import main
from copyhound.cli.manual import PARTS, renew, table
from copyhound.domain.deliveries import DELAYS
from copyhound.domain.errors import ERRORS
from copyhound.domain.pictures import EditKind
from copyhound.domain.searches import Outcome
from copyhound.plugin_api.hookspecs import CopyhoundSpecs
from copyhound.plugin_host.settings import settings_schema
from copyhound.services.actions import builtin_actions
from copyhound.services.hooks import HookFilter
from copyhound.services.triggers import TRIGGERS
from copyhound.settings import describe
from copyhound_index.folder import FOLDER
from copyhound_index.site import SITE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "core" / "copyhound" / "docs"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md"), *(ROOT / "core/decisions").glob("*.md")]
)
LINK = re.compile(r"\]\((?!https?://|mailto:|#|/)([^)#\s]+)(?:#[^)]*)?\)")


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def test_generated_parts_are_fresh() -> None:
    """README and manual hold what the code says today; `make docs` writes it anew."""
    stale = [path.name for path in PAGES if renew(path.read_text("utf-8")) != path.read_text("utf-8")]
    assert stale == [], "run `make docs`"


def test_every_generated_part_stands_somewhere() -> None:
    """No generated part is missing from the pages."""
    text = "".join(path.read_text("utf-8") for path in PAGES)
    assert [name for name in PARTS if f"(generated: {name})" not in text] == []


def test_every_setting_is_told() -> None:
    """Each setting stands in README and manual, with a description of its own."""
    for text in ((ROOT / "README.md").read_text("utf-8"), page("settings")):
        assert [one.name for one in describe() if f"`{one.env}`" not in text] == []
    assert [one.name for one in describe() if not one.description] == []


def test_every_error_code_is_told() -> None:
    """Each error code has a heading, which its problem's `type` points to."""
    assert [code for code in ERRORS if f"### `{code}`\n" not in page("errors")] == []


def test_every_setting_of_a_source_is_told() -> None:
    """Each setting of the sources that ship stands on its page, with a description of its own."""
    for source in (SITE, FOLDER):
        schema = settings_schema(source.settings)
        told = {name: field.get("description") for name, field in _fields(schema).items()}
        assert len(told) > 3
        assert [name for name, text in told.items() if not text or f"| `{name}` |" not in page("collections")] == []


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    named = schema.get("$defs", {}).get(schema.get("$ref", "").rpartition("/")[2], schema)
    properties: dict[str, Any] = named["properties"]
    return properties


def test_every_route_is_told() -> None:
    """Each route of the native API is in the table."""
    paths = copyhound_schemas.read_openapi()["paths"]
    text = page("api")
    assert [(m, p) for p, ms in paths.items() for m in ms if f"`{m.upper()} {p}`" not in text] == []


def test_every_trigger_and_action_is_told() -> None:
    """Each trigger and each action is in the catalogue."""
    text = page("automation")
    keys = [*TRIGGERS, *(action.key for action in builtin_actions(Anything()))]  # type: ignore[arg-type]
    assert [key for key in keys if f"| `{key}` |" not in text] == []


class Anything:
    """Stands for the use cases that descriptors are bound to."""

    def __getattr__(self, name: str) -> None:
        return None


def test_every_hook_of_plugins_is_told() -> None:
    """Each hook that a plugin may implement is in the manual."""
    hooks = [name for name in vars(CopyhoundSpecs) if name.startswith("copyhound_")]
    assert len(hooks) >= 6
    assert [name for name in hooks if f"`{name}`" not in page("plugins")] == []


def test_every_command_is_told() -> None:
    """Each command has a heading."""
    text = page("cli")
    assert [name for name in main.commands if f"### `copyhound {name}`" not in text] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("searching", list(Outcome)),
        ("matching", list(EditKind)),
        ("webhooks", list(HookFilter.__struct_fields__)),
    ],
)
def test_every_word_of_a_kind_is_told(name: str, words: list[str]) -> None:
    """Each outcome, each edit and each field of a hook's filter is on its page."""
    assert [word for word in words if f"`{word}`" not in page(name)] == []


def test_the_retries_are_told_as_they_are() -> None:
    """The table of attempts has the delays that are used."""
    rows = re.findall(r"^\| (\d+) \| (at once|\d+ (?:second|minute|hour)s?) \|$", page("webhooks"), re.MULTILINE)
    units = {"second": 1, "minute": 60, "hour": 3600}
    told = [0 if text == "at once" else int(text.split()[0]) * units[text.split()[1].rstrip("s")] for _, text in rows]
    assert told == list(DELAYS)


def test_links_lead_somewhere() -> None:
    """Every relative link of README, manual and decisions leads to a file that is there."""
    dead = [
        f"{path.name}: {target}"
        for path in PAGES
        for target in LINK.findall(path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert dead == []


def test_every_page_is_in_the_index() -> None:
    """The manual's first page leads to all others."""
    assert [path.name for path in DOCS.glob("*.md") if path.name != "index.md" and path.name not in page("index")] == []


def test_commands_in_the_texts_exist() -> None:
    """Every `copyhound ...` that the texts name is a command."""
    named = set()
    for path in PAGES:
        named |= set(
            re.findall(r"(?:^|`|\.venv/bin/)copyhound (?:--data \S+ )?([a-z]+)", path.read_text("utf-8"), re.M)
        )
    assert named - set(main.commands) == set()
    assert len(named) > 5


def test_tables_survive_bars() -> None:
    """A bar in a cell does not end the cell."""
    assert table(("a",), [("x|y",)]).splitlines()[2] == "| x\\|y |"
