"""The wire types of Infringement.Report, once: the surface answers with them, the provider reads them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

GOOD: Final = 100
"""The `code` of every answer that went well."""


class Document(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One result: a page that shows a picture. Version 2.0 writes the picture's sides as text."""

    id: str | int = ""
    url: str = ""
    host: str = ""
    protocol: str = ""
    """With its colon, such as `https:`."""
    title: str | None = None
    description: str | None = None
    language: str | None = None
    image_url: str
    image_url_thumbnail: str | None = None
    image_width: int | str | None = None
    image_height: int | str | None = None
    image_width_on_page: int | str | None = None
    image_height_on_page: int | str | None = None
    image_id: int | str | None = None
    list_id: int | str | None = None
    user_id: int | str | None = None
    search_image_url: str | None = None
    search_image_url_signed: str | None = None
    search_image_url_thumbnail: str | None = None
    date: str | None = None
    """As people write it: `Mar 6, 2013`."""
    found_timestamp: str | None = None
    """ISO 8601 with a Z, as the next one."""
    search_timestamp: str | None = None
    verified: bool | None | UnsetType = UNSET
    """Left out where nobody looked."""
    verified_timestamp: str | None = None
    verified_status_code: str | None = None
    similarity: float | None = None
    """0-100, of verified results."""
    tag: list[str] | None = None


class DocumentList(msgspec.Struct, frozen=True, kw_only=True):
    """Documents in the shape of Solr."""

    numFound: int = 0  # noqa: N815 - Solr's name
    start: int = 0
    docs: list[Document]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The documents of one host."""

    groupValue: str | None = None  # noqa: N815 - Solr's name
    doclist: DocumentList


class QueryResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a query found: `docs`, or `groups` where it was grouped."""

    matches: int
    numFound: int | UnsetType = UNSET  # noqa: N815 - Solr's name
    start: int | UnsetType = UNSET
    docs: list[Document] | UnsetType = UNSET
    ngroups: int | UnsetType = UNSET
    groups: list[Group] | UnsetType = UNSET


class QueryAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`result` of a query in version 3.0."""

    query_result: QueryResult
    list: dict[str, Any] = {}
    resolved_tags: Any = None
    facets: dict[str, Any] = {}
    facet_ranges: dict[str, Any] = {}


class FlatAnswer(msgspec.Struct, frozen=True):
    """The whole answer to a query in version 2.0."""

    status: bool
    code: int
    list_id: int
    result: list[Document]


class ListAnswer(msgspec.Struct, frozen=True):
    """What a client reads of `result` of a list."""

    search_in_progress: int | bool
    """How many pictures are still looked for."""
    images: Any = ()


class Made(msgspec.Struct, frozen=True):
    """What names a list that was made."""

    list_id: int | str


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a search: 2.0 has the id beside the status, 3.0 in `result`; ours in both."""

    status: bool
    code: int = GOOD
    list_id: int | str | None = None
    result: Any = None


class Envelope(msgspec.Struct, frozen=True):
    """A good answer."""

    status: bool
    result: msgspec.Raw
    code: int = GOOD


class Failure(msgspec.Struct, frozen=True):
    """A bad one."""

    error: str
    code: int
    status: bool = False
