"""Progress on the terminal: a bar where a person watches, a line now and then where a log is kept."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LOG_EVERY_S = 10.0


class Meter:
    """Shows how far something is and how fast it goes.

    Args:
        console: where to; standard error, so that results can be piped.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._tasks: dict[str, int] = {}
        self._rows: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._logged = 0.0

    def advance(self, step: str, rows: int, fraction_done: float) -> None:
        """`rows` more rows of `step` are done, which makes `fraction_done` of it."""
        self._rows[step] = self._rows.get(step, 0) + rows
        self.show(step, self._rows[step], fraction_done)

    def show(self, step: str, done: int, fraction_done: float, unit: str = "rows") -> None:
        """`done` of `step` in all are done, which makes `fraction_done` of it."""
        now = time.monotonic()
        began = self._began.setdefault(step, now)
        rate = f"{done / (now - began):,.0f} {unit}/s" if now - began > 0.2 else ""
        if self._progress is not None:
            task = self._tasks.get(step)
            if task is None:
                task = self._tasks[step] = self._progress.add_task(step, total=1.0, rate="")
            self._progress.update(task, completed=fraction_done, rate=f"{done:,} {rate}")  # type: ignore[arg-type]
        elif now - self._logged > LOG_EVERY_S or (fraction_done >= 1 and now - began > 1):
            self._logged = now
            self._console.print(f"{step}: {done:,} {unit} ({fraction_done:.0%}) {rate}", highlight=False)

    def counter(self, step: str, unit: str) -> Callable[[int, int], None]:
        """A function that is told (done, all) of one step."""
        return lambda done, of: self.show(step, done, done / max(of, 1), unit)

    def say(self, text: str) -> None:
        """A line of its own."""
        self._console.print(text, highlight=False, markup=False)

    @contextmanager
    def live(self) -> Iterator["Meter"]:
        """Draw bars while this lasts, if a person watches."""
        if not self._console.is_terminal:
            yield self
            return
        columns = (TextColumn("{task.description:>16}"), BarColumn(), TextColumn("{task.fields[rate]}"))
        with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=self._console) as progress:
            self._progress = progress
            try:
                yield self
            finally:
                self._progress = None
                self._tasks.clear()
