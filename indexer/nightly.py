"""The job: embed → collect → train → score → suggest → build → check → publish.

Every step but the first writes into DATA/building/<key>/, where the key is a digest of all inputs; a step whose mark is
there is not done again. A killed job therefore goes on where it stopped and ends in the same contents, and what
serves is untouched until the one rename at the end.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from indexer.backbones.process import BackboneProcess
from indexer.build import Build
from indexer.embed import Embedder, EmbedReport, PhotoSource
from indexer.lock import only_one
from indexer.progress import Meter
from indexer.settings import Settings
from reverse_search.errors import CheckRefused, DataError, NoGeneration, PhotoProblem
from reverse_search.generation.opened import open_current
from reverse_search.store import columns as stored
from reverse_search.store import runs
from reverse_search.store.photos import set_photo_problems
from reverse_search.store.session import Database

STEPS = ("embed", "collect", "train", "score", "suggest", "build", "check", "publish")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NightlyReport:
    """How it ended.

    Attributes:
        generation: what serves now.
        published: whether it is new; false where nothing has changed since the last night.
    """

    generation: str
    published: bool


@dataclass(eq=False)
class Nightly:
    """One run of the job.

    Attributes:
        home: the data directory.
        database: open.
        settings: the operator's.
        source: photo files.
        meter: progress.
        now: the clock on the wall, in UTC.
    """

    home: Path
    database: Database
    settings: Settings
    source: PhotoSource
    meter: Meter
    now: Callable[[], datetime]
    _run_id: int = field(default=0, init=False)

    def run(self, *, refit: bool = False) -> NightlyReport:
        """Run all steps.

        Args:
            refit: fit the projection anew, which embeds all photos anew.

        Raises:
            Busy: another run holds the lock.
            CheckRefused: the build failed its check; what served goes on serving.
        """
        with only_one(self.home / "nightly.lock"):
            if refit:
                shutil.rmtree(self.home / "projections", ignore_errors=True)
            with self.database.write() as connection:
                runs.close_abandoned(connection, "nightly", self.now())
                self._run_id = runs.start_run(connection, "nightly", self.now())
            try:
                report = self._steps(refit)
            except BaseException as error:
                self._finish("failed", None, f"{type(error).__name__}: {error}")
                raise
            self._finish("succeeded", report.generation, None)
            return report

    def _finish(self, state: runs.RunState, generation: str | None, message: str | None) -> None:
        with self.database.write() as connection:
            runs.finish_run(connection, self._run_id, state, self.now(), generation=generation, message=message)

    def _steps(self, refit: bool) -> NightlyReport:
        embedded = self._step("embed", lambda: self._embed(refit))
        build = Build(self.home, self.database, self.settings, self.meter, embedded.backbone)
        serving = self._serving()
        if serving is not None and build.is_served_by(serving):
            self.meter.say(f"nothing has changed: {serving} goes on serving")
            return NightlyReport(serving, published=False)
        try:
            for name in STEPS[1:-1]:
                if not build.is_done(name):
                    self._step(name, getattr(build, name))
                    build.mark_done(name)
        except CheckRefused:
            # Left there, what is broken would be taken up and refused every night: the next one makes it anew.
            shutil.rmtree(build.folder.parent)
            raise
        return NightlyReport(self._step("publish", lambda: build.publish(self.now())), published=True)

    def _serving(self) -> str | None:
        """Name of what serves; None where nothing does, or what does is broken and has to be built anew."""
        try:
            return open_current(self.home).name
        except NoGeneration:
            return None
        except DataError as error:
            self.meter.say(f"building anew, since what serves is broken: {error}")
            return None

    def _step(self, name: str, call: Callable[[], T]) -> T:
        began = time.perf_counter()
        with self.database.write() as connection:
            step = runs.start_step(connection, self._run_id, name, self.now())
        self.meter.say(f"{name} …")
        try:
            result = call()
        except BaseException as error:
            self._finish_step(step, "failed", began, {}, str(error))
            raise
        counts = result if isinstance(result, dict) else {}
        self._finish_step(step, "succeeded", began, counts, None)
        shown = ", ".join(f"{key} {value:,}" for key, value in counts.items())
        self.meter.say(f"{name}: {time.perf_counter() - began:.1f} s{'; ' if shown else ''}{shown}")
        return result

    def _finish_step(
        self, step: int, state: runs.StepState, began: float, counts: dict[str, int], message: str | None
    ) -> None:
        seconds = time.perf_counter() - began
        with self.database.write() as connection:
            runs.finish_step(connection, step, state, self.now(), seconds=seconds, counts=counts, message=message)

    def _embed(self, refit: bool) -> EmbedReport:
        with self.database.snapshot() as connection:
            photos = stored.read_columns(connection).photos
        with BackboneProcess(self.settings.backbone) as process, self.meter.live():
            use_projection = self.settings.projection == "auto" and self.settings.backbone == "bundled"
            embedder = Embedder(self.home, process, self.source, use_projection, self._record_problems, refit)
            report = embedder.run(photos, self.meter.counter("embed", "photos"))
        self.meter.say(f"{report.embedded:,} photos embedded, {report.problems:,} can't be used")
        return report

    def _record_problems(self, problems: Mapping[int, PhotoProblem | None]) -> None:
        with self.database.write() as connection:
            set_photo_problems(connection, sorted(problems.items()))
