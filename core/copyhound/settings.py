"""One tree of settings: nothing must be set; the environment (`COPYHOUND_*`) goes before `copyhound.toml`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from copyhound.domain.errors import CopyhoundError
from copyhound.http.settings import HttpSettings

PREFIX: Final = "COPYHOUND_"
FILE: Final = "copyhound.toml"


class NetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The way out."""

    allow_hosts: Annotated[
        tuple[str, ...],
        Meta(description="Internal hosts that may be reached all the same: names, addresses, or ranges (10.0.0.0/8)."),
    ] = ()
    allow_ports: Annotated[tuple[int, ...], Meta(description="Ports that may be reached on public hosts.")] = (80, 443)
    proxy: Annotated[str | None, Meta(description="HTTP proxy for everything that goes out.")] = None
    fetch_seconds: Annotated[float, Meta(gt=0, description="Time for fetching one picture, in all.")] = 20.0


class ImageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What pictures are taken in."""

    max_bytes: Annotated[int, Meta(ge=1024, description="Largest picture, in bytes.")] = 20 * 2**20
    max_pixels: Annotated[int, Meta(ge=4096, description="Largest picture, in pixels.")] = 75_000_000
    per_search: Annotated[int, Meta(ge=1, description="Most pictures in one request.")] = 500


class ComputeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The processes in which pictures are decoded and compared."""

    workers: Annotated[int, Meta(ge=0, description="How many; 0: one for each core.")] = 0
    memory_mb: Annotated[int, Meta(ge=512, description="Memory limit of each, in MiB.")] = 2048
    task_seconds: Annotated[float, Meta(gt=0, description="Time limit of one picture.")] = 20.0
    idle_seconds: Annotated[float, Meta(gt=0, description="They are stopped after so long without work.")] = 30.0


class IndexSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where candidates are found by local features."""

    engine: Annotated[
        Literal["embedded", "qdrant"], Meta(description="In the data folder, or in a Qdrant server or cluster.")
    ] = "embedded"
    qdrant_url: Annotated[str | None, Meta(description="Qdrant's REST address, such as http://127.0.0.1:6333.")] = None
    qdrant_api_key: Annotated[str | None, Meta(description="Qdrant's API key, where it asks for one.")] = None
    qdrant_prefix: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_-]{1,100}$",
            description="Begins the name of the collection in Qdrant: one for each database that uses the same Qdrant.",
        ),
    ] = "copyhound"


class MonitoringSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Looking again."""

    recheck_days: Annotated[
        int, Meta(ge=1, description="Days between two looks at a found copy of a monitored list.")
    ] = 7
    link_days: Annotated[int, Meta(ge=1, description="Days that an overlay link in a webhook works.")] = 30


class PluginSelection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which plugins are loaded."""

    only: Annotated[tuple[str, ...], Meta(description="Entry points to load; empty: all that are installed.")] = ()
    disabled: Annotated[tuple[str, ...], Meta(description="Entry points to leave out.")] = ()


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The log, on standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Least level that is written.")] = (
        "info"
    )
    format: Annotated[Literal["text", "json"], Meta(description="Lines for people, or for machines.")] = "text"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. Sections are tables in copyhound.toml and a part of the name in the environment."""

    data: Annotated[str, Meta(description="Folder of the database, the pictures' reduced copies and the index.")] = (
        "./copyhound-data"
    )
    database_url: Annotated[
        str | None,
        Meta(description="postgresql://user:password@host/name; without it, SQLite in the data folder."),
    ] = None
    executor_id: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,63}$", description="Stable name of this process among several servers.")
    ] = "local"
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on.")] = 8000
    public_url: Annotated[
        str | None, Meta(description="How clients reach this server; in links that leave the house.")
    ] = None
    contact: Annotated[
        str | None, Meta(description="Address or e-mail that the crawler and webhooks name in their User-Agent.")
    ] = None
    net: NetSettings = NetSettings()
    images: ImageSettings = ImageSettings()
    compute: ComputeSettings = ComputeSettings()
    index: IndexSettings = IndexSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    http: HttpSettings = HttpSettings()
    load: PluginSelection = PluginSelection()
    log: LogSettings = LogSettings()
    plugins: Annotated[
        dict[str, dict[str, Any]],
        Meta(description="Settings of plugins: COPYHOUND_PLUGINS_<NAME>__<FIELD>, or [plugins.<name>] in the file."),
    ] = {}

    @property
    def folder(self) -> Path:
        return Path(self.data).expanduser().resolve()

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.folder / 'copyhound.db'}"

    @property
    def url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def user_agent(self) -> str:
        from copyhound import __version__

        return f"Copyhound/{__version__}" + (f" (+{self.contact})" if self.contact else "")


class Described(NamedTuple):
    """One line of the table of settings."""

    name: str
    env: str
    default: str
    description: str


def load_settings(environ: Mapping[str, str] | None = None, file: Path | None = None, **given: Any) -> Settings:
    """The settings. `given` (command-line options, None for not given) goes before the environment, and that
    before the file.

    CopyhoundError settings_invalid names the setting; it never repeats a value.
    """
    tree = _from_file(file or Path(FILE), must_exist=file is not None)
    _merge(tree, _from_environ(os.environ if environ is None else environ))
    _merge(tree, {name: value for name, value in given.items() if value is not None})
    try:
        return msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise CopyhoundError("settings_invalid", f"{error}.") from None


def _from_file(file: Path, *, must_exist: bool) -> dict[str, Any]:
    if not must_exist and not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CopyhoundError("settings_invalid", f"{file} cannot be read: {error}.") from None


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    known = {env: (path, type_) for path, env, type_ in _fields()}
    tree: dict[str, Any] = {}
    for env, value in environ.items():
        if env.startswith(f"{PREFIX}PLUGINS_"):
            plugin, _, field = env.removeprefix(f"{PREFIX}PLUGINS_").lower().partition("__")
            _put(tree, ("plugins", plugin, field), value)
        elif env in known:
            path, type_ = known[env]
            _put(tree, path, _listed(value) if _is_tuple(type_) else value)
        elif env.startswith(PREFIX):
            raise CopyhoundError("settings_invalid", f"There is no setting {env}.")
    return tree


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _is_tuple(type_: Any) -> bool:
    return get_origin(type_) is tuple


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _merge(tree: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, dict) and isinstance(tree.get(name), dict):
            _merge(tree[name], value)
        else:
            tree[name] = value


def _fields(
    struct: type[msgspec.Struct] = Settings, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    for name, type_ in get_type_hints(struct).items():
        if name not in struct.__struct_fields__:
            continue
        here = (*path, name)
        if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
            yield from _fields(type_, here)
        else:
            yield here, PREFIX + "_".join(here).upper(), type_


def describe() -> list[Described]:
    """Every setting, for the table in the README."""
    defaults = msgspec.to_builtins(Settings())
    rows = []
    for path, env, _ in _fields():
        value: Any = defaults
        for name in path:
            value = value[name]
        rows.append(Described(".".join(path), env, _shown(value), _description(path)))
    return rows


def _description(path: tuple[str, ...]) -> str:
    struct: Any = Settings
    for name in path[:-1]:
        struct = get_type_hints(struct)[name]
    hint = get_type_hints(struct, include_extras=True)[path[-1]]
    return next((meta.description for meta in get_args(hint)[1:] if isinstance(meta, Meta) and meta.description), "")


def _shown(value: Any) -> str:
    if value is None or value in ((), {}):
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
