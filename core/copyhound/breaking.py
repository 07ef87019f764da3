"""What would break the clients of an API: two OpenAPI 3.1 documents of the same version, before and after.

A request must be understood as it was: nothing less is taken, nothing more is asked for. An answer must hold what it
held: nothing is left out, no type is another. New operations, optional inputs, fields and values are harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

Json = Mapping[str, Any]
Way = Literal["request", "answer"]

_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")
_LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT: Final = ("pattern", "format", "multipleOf", "contentMediaType")
_TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def breaks(old: Json, new: Json) -> list[str]:
    """What a client of `old` would stumble over in `new`, a sentence each; empty where nothing breaks."""
    return list(dict.fromkeys(_Comparison(old, new).all()))


class _Comparison:
    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new
        self._open: set[tuple[Way, int, int]] = set()

    def all(self) -> Iterator[str]:
        after = _operations(self._new, "paths")
        for key, before in _operations(self._old, "paths").items():
            if key not in after:
                yield f"{key} is gone"
                continue
            yield from self._operation(key, before, after[key])
        sent = _operations(self._new, "webhooks")
        for key, before in _operations(self._old, "webhooks").items():
            if key not in sent:
                yield f"the webhook {key} is gone"
                continue
            yield from self._contents(f"webhook {key}", "answer", _body(before), _body(sent[key]))

    def _operation(self, where: str, old: Json, new: Json) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"{where}: the operationId {old.get('operationId')} is now {new.get('operationId')}"
        if self._open_to_all(self._old, old) and not self._open_to_all(self._new, new):
            yield f"{where}: needs a key now"
        yield from self._parameters(where, old, new)
        yield from self._request(where, old, new)
        for status, answer in old.get("responses", {}).items():
            if status not in new.get("responses", {}):
                yield f"{where}: the answer {status} is gone"
                continue
            yield from self._contents(f"{where} {status}", "answer", answer, new["responses"][status])

    @staticmethod
    def _open_to_all(document: Json, operation: Json) -> bool:
        return not operation.get("security", document.get("security", []))

    def _parameters(self, where: str, old: Json, new: Json) -> Iterator[str]:
        before, after = self._named(self._old, old), self._named(self._new, new)
        for name, one in before.items():
            if name not in after:
                yield f"{where}: the parameter {name} is gone"
                continue
            place = f"{where}, parameter {name}"
            if after[name].get("required") and not one.get("required"):
                yield f"{place}: is required now"
            yield from self._schemas(place, "request", one.get("schema", {}), after[name].get("schema", {}))
        for name in after.keys() - before.keys():
            if after[name].get("required"):
                yield f"{where}: the new parameter {name} is required"

    def _named(self, document: Json, operation: Json) -> dict[str, Json]:
        found = [_resolved(document, one) for one in operation.get("parameters", ())]
        paths = [one for one in found if one["in"] == "path"]
        # a path's parameters have no name in a request: their place counts
        others = {f"{one['name']} ({one['in']})": one for one in found if one["in"] != "path"}
        return {**others, **{f"{number} (path)": one for number, one in enumerate(paths, 1)}}

    def _request(self, where: str, old: Json, new: Json) -> Iterator[str]:
        before, after = old.get("requestBody"), new.get("requestBody")
        if before and not after:
            yield f"{where}: takes no body any more"
        elif after and after.get("required") and not (before or {}).get("required"):
            yield f"{where}: a body is required now"
        if before and after:
            yield from self._contents(f"{where}, request", "request", before, after)

    def _contents(self, where: str, way: Way, old: Json, new: Json) -> Iterator[str]:
        for media, before in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"{where}: {media} is gone"
                continue
            after = new["content"][media]
            yield from self._schemas(where, way, before.get("schema", {}), after.get("schema", {}))

    def _schemas(self, where: str, way: Way, old: Any, new: Any) -> Iterator[str]:
        """Compare two schemas; those that refer to themselves are gone into once."""
        pair = (way, id(old), id(new))
        if pair in self._open:
            return
        self._open.add(pair)
        try:
            yield from self._alternatives(where, way, old, new)
        finally:
            self._open.discard(pair)

    def _alternatives(self, where: str, way: Way, old: Any, new: Any) -> Iterator[str]:
        before, after = _flat(self._old, old), _flat(self._new, new)
        # who is given a value must know what may come: the server in a request, the client in an answer
        given, known = (before, after) if way == "request" else (after, before)
        for one in given:
            fitting = [other for other in known if _types(one) <= _widened(other)]
            results = [list(self._plain(where, way, *_in_time(way, one, other))) for other in fitting]
            if not results:
                verb = "is no longer taken" if way == "request" else "may be answered now"
                yield f"{where}: {_named_types(one)} {verb}"
            elif all(results):
                yield from min(results, key=len)

    def _plain(self, where: str, way: Way, old: Json, new: Json) -> Iterator[str]:
        yield from _values(where, way, old, new)
        if way == "request":
            yield from _limits(where, old, new)
        yield from self._fields(where, way, old, new)
        yield from self._further(where, way, old, new)
        if "items" in old and "items" in new:
            yield from self._schemas(f"{where}[]", way, old["items"], new["items"])
        pairs = zip(old.get("prefixItems", ()), new.get("prefixItems", ()), strict=False)
        for number, (before, after) in enumerate(pairs):
            yield from self._schemas(f"{where}[{number}]", way, before, after)

    def _fields(self, where: str, way: Way, old: Json, new: Json) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name not in after:
                yield f"{where}: the field {name} is gone"
                continue
            yield from self._schemas(f"{where}.{name}", way, schema, after[name])
        asked, promised = set(new.get("required", ())), set(old.get("required", ()))
        if way == "request":
            yield from (f"{where}: the field {name} is required now" for name in sorted(asked - promised))
        else:
            left = sorted((promised - asked) & after.keys())
            yield from (f"{where}: the field {name} may be missing now" for name in left)

    def _further(self, where: str, way: Way, old: Json, new: Json) -> Iterator[str]:
        before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if way == "request" and before is not False and after is False:
            yield f"{where}: further fields are refused now"
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self._schemas(f"{where}.*", way, before, after)
        elif way == "request" and before is True and isinstance(after, Mapping) and after:
            yield f"{where}: further fields are of a type now"


def _operations(document: Json, under: str) -> dict[str, Json]:
    """`GET /lists/{}` -> operation: a path's parameters may be called something else."""
    return {
        f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}": operation
        for path, item in document.get(under, {}).items()
        for method, operation in item.items()
        if method in _METHODS
    }


def _body(operation: Json) -> Json:
    body: Json = operation.get("requestBody", {})
    return body


def _reference(schema: Any) -> str | None:
    return schema.get("$ref") if isinstance(schema, Mapping) else None


def _resolved(document: Json, schema: Any) -> Json:
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    name = _reference(schema)
    if name is None:
        found: Json = schema
        return found
    target: Any = document
    for part in name.removeprefix("#/").split("/"):
        target = target[part.replace("~1", "/").replace("~0", "~")]
    return _resolved(document, {**target, **{key: value for key, value in schema.items() if key != "$ref"}})


def _flat(document: Json, schema: Any) -> list[Json]:
    """The alternatives of a schema, each without `$ref`, `anyOf` and `oneOf`; what stands beside these is in each."""
    plain = dict(_resolved(document, schema))
    for part in plain.pop("allOf", ()):
        plain = {**_resolved(document, part), **plain}
    choices = [*plain.pop("anyOf", ()), *plain.pop("oneOf", ())]
    if not choices:
        return [plain]
    beside = {key: value for key, value in plain.items() if key not in ("title", "description")}
    return [{**beside, **one} for choice in choices for one in _flat(document, choice)]


def _in_time(way: Way, given: Json, known: Json) -> tuple[Json, Json]:
    return (given, known) if way == "request" else (known, given)


def _types(schema: Json) -> frozenset[str]:
    """The names of its types; all where it says nothing."""
    told = schema.get("type")
    if isinstance(told, str):
        return frozenset((told,))
    if told:
        return frozenset(told)
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if values is not None:
        return frozenset(_TYPES.get(type(value), "null") for value in values)
    return frozenset(("null", *_TYPES.values()))


def _widened(schema: Json) -> frozenset[str]:
    types = _types(schema)
    return types | {"integer"} if "number" in types else types


def _named_types(schema: Json) -> str:
    types = _types(schema)
    return "anything" if len(types) > len(_TYPES) else " or ".join(sorted(types))


def _values(where: str, way: Way, old: Json, new: Json) -> Iterator[str]:
    before, after = _enumerated(old), _enumerated(new)
    if way == "answer":
        # new values may come: that is said in the policy
        return
    if after is not None and before is None:
        yield f"{where}: only certain values are taken now"
    elif after is not None and before is not None:
        yield from (f"{where}: the value {value!r} is no longer taken" for value in before if value not in after)
    if old.get("default") != new.get("default") and "default" in old:
        yield f"{where}: the default {old['default']!r} is now {new.get('default')!r}"


def _enumerated(schema: Json) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found: list[Any] | None = schema.get("enum")
    return found


def _limits(where: str, old: Json, new: Json) -> Iterator[str]:
    """Of requests: what is narrower than it was."""
    narrower = [name for name in _LEAST if name in new and (name not in old or new[name] > old[name])]
    narrower += [name for name in _MOST if name in new and (name not in old or new[name] < old[name])]
    narrower += [name for name in _EXACT if name in new and new[name] != old.get(name)]
    yield from (f"{where}: {name} {old.get(name, 'none')} is now {new[name]}" for name in narrower)
    if new.get("uniqueItems") and not old.get("uniqueItems"):
        yield f"{where}: items must differ now"
