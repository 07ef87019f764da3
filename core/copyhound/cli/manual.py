"""`copyhound docs`: the parts of the manual that the code writes. For who works on Copyhound itself.

A generated part stands between two lines that no reader sees:

    [//]: # (generated: settings)
    [//]: # (end of settings)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import click
import msgspec

from copyhound.cli.support import Failure

_PART: Final = re.compile(
    r"(?P<head>\[//\]: # \(generated: (?P<name>[a-z]+)\)\n).*?(?P<foot>\[//\]: # \(end of (?P=name)\)\n)", re.DOTALL
)


@click.group()
def docs() -> None:
    """The generated parts of the manual, in a working copy of the repository."""


@docs.command()
def export() -> None:
    """Write them anew from the code."""
    for path, old, new in _renewed():
        if old != new:
            path.write_text(new, "utf-8")
            click.echo(f"written: {path}")


@docs.command()
def check() -> None:
    """Fail where the manual is not what the code says."""
    stale = [path.name for path, old, new in _renewed() if old != new]
    if stale:
        raise Failure(f"Stale: {', '.join(stale)}.", "Run `make docs`, and look at the difference.")


def _renewed() -> Iterator[tuple[Path, str, str]]:
    """(file, its text, the text as it should be) of each page that has generated parts."""
    package = Path(__file__).parent.parent
    for path in sorted([package.parent.parent / "README.md", *(package / "docs").glob("*.md")]):
        text = path.read_text("utf-8")
        yield path, text, renew(text)


def renew(text: str) -> str:
    """The text with each of its generated parts made anew."""
    return _PART.sub(lambda part: f"{part['head']}\n{PARTS[part['name']]().strip()}\n\n{part['foot']}", text)


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def settings_table() -> str:
    """Every setting."""
    from copyhound.settings import describe

    rows = (
        (f"`{one.name}`", f"`{one.env}`", f"`{one.default}`" if one.default else "", one.description)
        for one in describe()
    )
    return table(("setting", "in the environment", "default", "what it does"), rows)


def errors() -> str:
    """Every error code, each with a heading that its problem's `type` points to."""
    from copyhound.domain.errors import ERRORS

    return "\n\n".join(
        f"### `{code}`\n\n{kind.status}: {kind.title}. {kind.hint}"
        + (" Worth sending again." if kind.retryable else "")
        for code, kind in ERRORS.items()
    )


def routes() -> str:
    """Every route of the native API."""
    from copyhound_schemas import read_openapi

    methods = ("get", "post", "put", "patch", "delete")
    rows = [
        (f"`{method.upper()} {path}`", _first_sentence(operation))
        for path, operations in sorted(read_openapi()["paths"].items())
        for method, operation in sorted(operations.items(), key=lambda item: methods.index(item[0]))
    ]
    return table(("route", "what it does"), rows)


def _first_sentence(operation: dict[str, Any]) -> str:
    text = operation.get("description") or operation.get("summary") or ""
    return str(text).split("\n\n")[0]


def triggers() -> str:
    """Every trigger, and the fields of each payload."""
    from copyhound.services.triggers import TRIGGERS

    rows = ((f"`{one.key}`", one.title, one.description) for one in TRIGGERS.values())
    keys: dict[str, list[str]] = {}
    for one in TRIGGERS.values():
        keys.setdefault(_field_names(one.payload), []).append(f"`{one.key}`")
    fields = (f"Fields of {', '.join(names)}: {told}." for told, names in keys.items())
    return "\n\n".join((table(("trigger", "title", "when"), rows), *fields))


def actions() -> str:
    """Every action."""
    from copyhound.services.actions import builtin_actions

    unused: Any = _Anything()
    rows = ((f"`{a.key}`", a.title, a.description, _field_names(a.input), a.scope) for a in builtin_actions(unused))
    return table(("action", "title", "what it does", "input", "scope"), rows)


class _Anything:
    """Stands for the use cases that descriptors are bound to."""

    def __getattr__(self, name: str) -> Any:
        return None


def _field_names(struct: Any) -> str:
    return ", ".join(f"`{name}`" for name in struct.__struct_encode_fields__)


def hooks() -> str:
    """Every hook that a plugin may implement."""
    from copyhound.plugin_api.hookspecs import CopyhoundSpecs

    found = ((name, spec) for name, spec in vars(CopyhoundSpecs).items() if name.startswith("copyhound_"))
    rows = ((f"`{name}`", str(spec.__doc__).partition("\n")[0]) for name, spec in found)
    return table(("hook", "what it registers"), rows)


def commands() -> str:
    """Every command, with its help as it is printed."""
    from copyhound.cli import main

    top = click.Context(main, info_name="copyhound", **main.context_settings)
    return "\n\n".join(f"### `{name}`\n\n```text\n{text}\n```" for name, text in _helps(main, top))


def _helps(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    context.terminal_width = context.max_content_width = 100
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.commands[name]
            yield from _helps(child, click.Context(child, info_name=name, parent=context))


def _source_table(name: str) -> str:
    """The settings of a source that ships."""
    from copyhound.plugin_host.catalogue import Catalogue

    struct = Catalogue.build(use_cases=None, only=("copyhound_index",)).sources[name].settings
    hints = get_type_hints(struct, include_extras=True)
    rows = ((f"`{one.name}`", _default(one), _description(hints[one.name])) for one in msgspec.structs.fields(struct))
    return table(("setting", "default", "what it does"), rows)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is msgspec.NODEFAULT:
        return "must be given"
    return "" if field.default in (None, ()) else f"`{json.dumps(field.default)}`"


def _description(hint: Any) -> str:
    told = (meta.description for meta in get_args(hint)[1:] if isinstance(meta, msgspec.Meta) and meta.description)
    return next(told, "")


def site_table() -> str:
    """Every setting of the source `site`."""
    return _source_table("site")


def folder_table() -> str:
    """Every setting of the source `folder`."""
    return _source_table("folder")


def metrics() -> str:
    """Every metric that results are filtered by."""
    from copyhound.domain.metrics import METRICS

    rows = (
        (
            f"`{one.name}`",
            one.kind.value,
            " ".join(f"`{operator}`" for operator in one.operators),
            one.about + (f": {', '.join(f'`{choice}`' for choice in one.choices)}" if one.choices else ""),
        )
        for one in METRICS.values()
    )
    return table(("metric", "type", "operators", "what it is"), rows)


def operators() -> str:
    """Every operator of a filter."""
    from copyhound.domain.metrics import METRICS, OPERATOR_MEANINGS

    rows = (
        (
            f"`{name}`",
            means,
            ", ".join(dict.fromkeys(one.kind.value for one in METRICS.values() if name in one.operators)),
        )
        for name, means in OPERATOR_MEANINGS.items()
    )
    return table(("operator", "lets through what", "for"), rows)


PARTS: Final[dict[str, Callable[[], str]]] = {
    "settings": settings_table,
    "errors": errors,
    "routes": routes,
    "triggers": triggers,
    "actions": actions,
    "hooks": hooks,
    "commands": commands,
    "site": site_table,
    "folder": folder_table,
    "metrics": metrics,
    "operators": operators,
}
"""Name of a generated part -> what makes it."""
