"""What the demo says on the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from copyhound.demo.verdict import Hit, Verdict

_EVERY: Final = 0.25
_PIPED_WIDTH: Final = 120


class Story:
    """Says each step, with the time that it took."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
        self._started = time.monotonic()
        self._step = 0

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self._started

    def step(self, text: str) -> None:
        self._step += 1
        self.console.print(f"\n[bold cyan]{self._step}[/] [bold]{text}[/]  [dim]{self.seconds:.1f} s[/]")

    def say(self, text: str) -> None:
        self.console.print(f"  {text}")

    def watch(self, what: str, read: Callable[[], tuple[int, int, str, bool]], seconds: float) -> bool:
        """Poll `read` (done, of how many, note, finished) with a progress bar. False where time ran out."""
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, TimeElapsedColumn(), console=self.console) as progress:
            task = progress.add_task(what, total=None, note="")
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                done, total, note, finished = read()
                progress.update(task, completed=done, total=total or None, note=note)
                if finished:
                    return True
                time.sleep(_EVERY)
        return False

    def table(self, verdict: Verdict) -> None:
        """The right hits, then what was missed and what was false."""
        table = Table(header_style="bold", row_styles=("", "dim"))
        for name, options in _COLUMNS.items():
            table.add_column(name, **options)
        for hit, edit in verdict.found:
            table.add_row(*_row(hit), edit)
        self.console.print(table)
        for missed in verdict.missed:
            self.console.print(f"  [yellow]missed[/] {missed.image}, {missed.edit}: {missed.path}")
        for hit in verdict.false:
            self.console.print(f"  [red]false[/] {hit.image}: {hit.image_url} (confidence {hit.confidence:.1f})")
        for problem in verdict.problems:
            self.console.print(f"  [red]wrong[/] {problem}")


_COLUMNS: Final[dict[str, dict[str, Any]]] = {
    "picture": {"no_wrap": True},
    "page": {"overflow": "fold"},
    "score": {"justify": "right"},
    "conf.": {"justify": "right"},
    "type": {},
    "edits": {"overflow": "fold"},
    "planted": {"overflow": "fold"},
}


def _row(hit: Hit) -> tuple[str, ...]:
    page = hit.pages[0].partition("://")[2].partition("/")[2] if hit.pages else "-"
    return hit.image, f"/{page}", f"{hit.score:.1f}", f"{hit.confidence:.1f}", hit.match_type, ", ".join(hit.edits)
