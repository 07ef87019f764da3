"""The versions of all APIs that ship, in one table."""

from __future__ import annotations

from datetime import date

import pytest

from copyhound.domain.lifecycle import NATIVE, OLD_OPERATIONS, ApiVersion, earliest_sunset
from copyhound.plugin_api import SurfaceSpec
from copyhound.schema_export import openapi_documents, shipped_surfaces
from copyhound_schemas import read_surface

SURFACES = shipped_surfaces()
VERSIONS = [*NATIVE, *(one for spec in SURFACES for one in spec.versions)]


def test_all_four_vendors_are_there() -> None:
    """The surfaces that ship are those of the four vendors."""
    names = " ".join(spec.name for spec in SURFACES)
    assert [name for name in ("tineye", "matchengine", "copyleaks", "infringement_report") if name not in names] == []


@pytest.mark.parametrize("one", [*VERSIONS, *OLD_OPERATIONS], ids=lambda one: one.key)
def test_a_year_lies_between_announcement_and_sunset(one: ApiVersion) -> None:
    """Whatever is deprecated was announced at least twelve months before its sunset, and names what takes its place."""
    if one.announced is None:
        assert one.sunset is None
        return
    assert one.announced <= date.today()  # noqa: DTZ011
    assert one.sunset is not None
    assert one.sunset >= earliest_sunset(one.announced)
    assert one.successor or one.note


def test_a_successor_is_there() -> None:
    """What takes the place of something is a version of the same table, or a path below one."""
    prefixes = tuple(one.prefix for one in VERSIONS)
    assert [one.key for one in VERSIONS if one.successor and not one.successor.startswith(prefixes)] == []


def test_two_versions_of_infringement_report() -> None:
    """2.0 is an older version that 3.0 follows; it is not deprecated."""
    told = {one.version: one for one in VERSIONS if one.api == "infringement_report"}
    assert set(told) == {"2.0", "3.0"}
    assert (told["2.0"].successor, told["2.0"].announced, told["3.0"].successor) == ("/3.0", None, None)


@pytest.mark.parametrize("spec", SURFACES, ids=lambda spec: spec.name)
def test_each_surface_has_a_committed_document(spec: SurfaceSpec) -> None:
    """Each version of each surface has an OpenAPI document in schemas/, whose paths lie below its prefix."""
    names = [name for name in openapi_documents() if name.startswith(f"openapi/{spec.name}-")]
    assert len(names) == len(spec.prefixes)
    for name in names:
        surface, _, version = name.removeprefix("openapi/").removesuffix(".json").partition("-")
        document = read_surface(surface, version)
        assert all(path.startswith(spec.prefixes) for path in document.get("paths", {}))
