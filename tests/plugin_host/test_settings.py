"""A plugin's settings: strings are accepted, secrets are looked up late and never told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_host.settings import read_settings, redacted, scrub, secret_values, settings_schema

Secret = msgspec.Meta(extra_json_schema={"x-secret": True})


class Account(msgspec.Struct, forbid_unknown_fields=True):
    user: str
    password: Annotated[str, Secret]


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str | None, Secret] = None
    port: Annotated[int, msgspec.Meta(ge=1)] = 80
    verify: bool = True
    kind: Literal["small", "large"] = "small"
    accounts: list[Account] = []
    by_name: dict[str, Annotated[str, Secret]] = {}
    login: Account | None = None

    def __post_init__(self) -> None:
        if self.token == "forbidden-token":
            raise ValueError(f"never {self.token}")


FULL = {
    "token": "tok-secret",
    "accounts": [{"user": "ann", "password": "pw-one-1"}],
    "by_name": {"a": "pw-named"},
    "login": {"user": "bob", "password": ""},
}


def read(values: dict[str, Any], **environ: str) -> Settings:
    return read_settings("plugins.acme", Settings, values, environ)


def test_texts_become_numbers_and_booleans() -> None:
    """Values from the environment are texts, and come out typed."""
    settings = read({"port": "8080", "verify": "false"})
    assert (settings.port, settings.verify) == (8080, False)


def test_looks_up_environment_and_files(tmp_path: Path) -> None:
    """$env: and $file: are replaced at any depth; a file's line end does not count."""
    (tmp_path / "pw").write_text("from file\n")
    settings = read(
        {"token": "$env:TOK", "accounts": [{"user": "a", "password": f"$file:{tmp_path / 'pw'}"}]}, TOK="from env"
    )
    assert (settings.token, settings.accounts[0].password) == ("from env", "from file")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"token": "$env:MISSING"}, "plugins.acme.token: the environment variable MISSING is not set."),
        ({"token": "$file:/no/such/file"}, "plugins.acme.token: the file /no/such/file could not be read"),
        ({"port": "s3cret"}, "plugins.acme.port: expected `int`, got `str`."),
        ({"port": 0}, "plugins.acme.port: expected `int` >= 1."),
        ({"kind": "s3cret"}, "plugins.acme.kind: the value is not allowed."),
        ({"token": "forbidden-token"}, "plugins.acme: the value is not allowed."),
        ({"colour": "s3cret"}, "plugins.acme: it has an unknown field `colour`."),
        ({"accounts": [{"user": "s3cret"}]}, "it lacks the required field `password`."),
    ],
)
def test_errors_name_the_field_and_no_value(values: dict[str, Any], told: str) -> None:
    """What is wrong is said with the field's path; no value is repeated."""
    with pytest.raises(CopyhoundError) as caught:
        read(values)
    assert caught.value.code == "settings_invalid"
    assert told in caught.value.detail
    assert "s3cret" not in str(caught.value)
    assert "forbidden" not in str(caught.value)


def test_secrets_are_redacted_wherever_they_stand() -> None:
    """Marked fields are shown as ***, in lists, dicts and nested Structs; empty ones as they are."""
    assert redacted(read(FULL)) == {
        "token": "***",
        "port": 80,
        "verify": True,
        "kind": "small",
        "accounts": [{"user": "ann", "password": "***"}],
        "by_name": {"a": "***"},
        "login": {"user": "bob", "password": ""},
    }


def test_secrets_are_scrubbed_from_texts() -> None:
    """Every secret that is long enough to be one is taken out of a message."""
    secrets = secret_values(read(FULL))
    assert set(secrets) == {"tok-secret", "pw-one-1", "pw-named"}
    assert scrub("GET /?key=tok-secret&x=pw-named", secrets) == "GET /?key=***&x=***"


def test_secrets_are_scrubbed_as_exceptions_write_them() -> None:
    """A secret with a line end is taken out too where a message holds it written out, or without the line end."""
    secrets = secret_values(read({**FULL, "token": "tok-secret\n"}))
    for told in (repr(b"tok-secret\n"), repr("tok-secret\n"), "tok-secret", "tok-secret\n"):
        assert "tok-secret" not in scrub(f"Illegal header value {told}", secrets)


def test_the_schema_says_what_is_secret() -> None:
    """The JSON Schema carries the mark, so that forms ask for it like a password."""
    properties = settings_schema(Settings)["$defs"]["Settings"]["properties"]
    assert properties["token"]["x-secret"] is True
    assert properties["port"]["minimum"] == 1


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: Annotated[tuple[str, ...], msgspec.Meta(max_length=3)] = ("a",)
    title: str = ""


def test_a_list_may_be_one_text() -> None:
    """The environment has texts alone: a list's parts are set apart by commas, other texts keep theirs."""
    read = read_settings("plugins.acme", Listing, {"names": "x, y,", "title": "a, b"})
    assert (read.names, read.title) == (("x", "y"), "a, b")
    assert read_settings("plugins.acme", Listing, {"names": ""}).names == ()
