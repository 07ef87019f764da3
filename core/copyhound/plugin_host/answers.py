"""Is an answer what it says? We believe no provider: what does not fit its type or makes no sense is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from copyhound.plugin_api.types import Answer, Candidate, Outcome, Page, ProviderSpec
from copyhound.plugin_host.vetting import FaultySpecError, need

T = TypeVar("T", bound=msgspec.Struct)
MAX_URL: Final = 4096
MAX_PAGES: Final = 200
MAX_TITLE: Final = 1000
_TEXTS: Final = {"title": MAX_TITLE, "language": 20, "description": MAX_TITLE}
_SIZES: Final = ("width_on_page", "height_on_page")
_SIDES: Final = ("width", "height")
_BLANK: Final = re.compile(r"[\s\x00-\x20\x7f-\x9f\ud800-\udfff]")
"""Blanks, control characters, and halves of surrogate pairs, which can be neither stored nor sent."""

_MAX_REASON: Final = 600
_MAX_RETRY_AFTER: Final = 7 * 86400.0


def check_answer(spec: ProviderSpec, answer: Any, own_entries: Collection[str] = ()) -> Answer:
    """The answer, cut to its limits. `own_entries`: the entries of our own index that this call was given.

    Raises FaultySpecError for a lie: another type, candidates without `answered`, numbers that cannot be.
    """
    if not isinstance(answer, Answer):
        raise FaultySpecError(f"search returned {type(answer).__name__}, not Answer")
    need(isinstance(answer.candidates, (tuple, list)), "candidates must be a tuple")
    offered = len(answer.candidates)
    kept = tuple(_sized(one) for one in answer.candidates[: spec.limits.max_candidates])
    checked: Answer = typed(msgspec.structs.replace(answer, candidates=kept))
    _numbers(checked)
    if checked.outcome is not Outcome.answered:
        need(not checked.candidates, f"the outcome is {checked.outcome.value}, yet there are candidates")
        return _failure(checked)
    if not checked.candidates:
        return msgspec.structs.replace(checked, outcome=Outcome.no_match)
    return _cut(checked, offered, own_entries)


def is_web_url(url: str, schemes: Collection[str] = ("http", "https")) -> bool:
    """Absolute, http or https, of sane length, no blanks, control characters or surrogates; a `file` needs no host."""
    if len(url) > MAX_URL or _BLANK.search(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and (bool(parts.hostname) or parts.scheme == "file") and parts.port != 0
    except ValueError:
        return False


def tidy_pages(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """The pages with usable addresses, texts cut, sizes that cannot be left out."""
    return tuple(_tidy_page(page) for page in pages[:MAX_PAGES] if is_web_url(page.url))


def _tidy_page(page: Page) -> Page:
    texts = {name: _plain(text, most) for name, most in _TEXTS.items() if (text := getattr(page, name)) is not None}
    return msgspec.structs.replace(page, **texts, **_impossible(page, _SIZES))


def _sized(candidate: Any) -> Any:
    """Whatever was given, without sizes that cannot be."""
    if not isinstance(candidate, Candidate):
        return candidate
    return msgspec.structs.replace(candidate, **_impossible(candidate, _SIDES))


def _impossible(item: Page | Candidate, names: tuple[str, ...]) -> dict[str, None]:
    """Sizes that no picture has: one wrong number of a service is no reason to lose what it found."""
    sizes = {name: getattr(item, name) for name in names}
    return {name: None for name, size in sizes.items() if isinstance(size, int) and not 0 <= size < 2**31}


def _plain(text: str, most: int) -> str:
    return text[:most].encode("utf-8", "replace").decode()


def typed(struct: T) -> T:
    """The same, its fields checked: constructors of Structs do not, conversion does. Raises FaultySpecError."""
    name = type(struct).__name__
    try:
        return msgspec.convert(msgspec.to_builtins(struct), type(struct))
    except msgspec.ValidationError as error:
        raise FaultySpecError(f"its {name} has a wrong type: {error}") from error
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FaultySpecError(f"its {name} cannot be written as JSON ({type(error).__name__})") from error


def _numbers(answer: Answer) -> None:
    spent, retry = answer.units_spent, answer.retry_after
    need(math.isfinite(spent) and spent >= 0, "units_spent must be 0 or more")
    need(retry is None or (math.isfinite(retry) and retry >= 0), "retry_after must be 0 or more seconds")
    for candidate in answer.candidates:
        score = candidate.provider_score
        need(score is None or math.isfinite(score), "provider_score must be a finite number")


def _failure(answer: Answer) -> Answer:
    reason = answer.reason
    if answer.outcome is not Outcome.no_match and not reason:
        reason = "The provider gave no reason."
    retry = None if answer.retry_after is None else min(answer.retry_after, _MAX_RETRY_AFTER)
    return msgspec.structs.replace(answer, reason=reason and _plain(reason, _MAX_REASON), retry_after=retry)


def _cut(answer: Answer, offered: int, own_entries: Collection[str]) -> Answer:
    usable = [kept for one in answer.candidates if (kept := _candidate(one, own_entries)) is not None]
    need(usable, "none of its candidates has an absolute http(s) address")
    notes = [_plain(answer.reason, _MAX_REASON)] if answer.reason else []
    if offered > len(answer.candidates):
        notes.append(f"The provider gave {offered} candidates; the first {len(answer.candidates)} were kept.")
    if dropped := len(answer.candidates) - len(usable):
        notes.append(f"{dropped} candidates without a usable http(s) address were dropped.")
    return msgspec.structs.replace(answer, candidates=tuple(usable), reason=" ".join(notes) or None)


def _candidate(candidate: Candidate, own_entries: Collection[str]) -> Candidate | None:
    """The candidate, tidied; None where it cannot be used. An `entry_id` counts only if we gave it."""
    ours = candidate.entry_id is not None and candidate.entry_id in own_entries
    if not ours and not is_web_url(candidate.image_url):
        return None
    entry_id = candidate.entry_id if ours else None
    return msgspec.structs.replace(candidate, pages=tidy_pages(candidate.pages), entry_id=entry_id)
