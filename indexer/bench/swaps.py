"""Readers while generations are published: every answer has to be that of exactly one generation.

Editions of a collection, with the same taxa but other vectors, observations, evidence and scores, are each asked every
question alone. Then they are published one after the other, and what served before is deleted at once, while processes
with several threads follow as the site does and ask the same questions. What they counted is compared here.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from indexer.bench.search import ONE_THREAD
from indexer.bench.swap_reader import QUESTIONS
from indexer.bench.synthetic import Recipe, Say, prepare
from reverse_search.generation.manifest import read_manifest
from reverse_search.generation.publish import GenerationStore
from reverse_search.store.changes import next_change_seq
from reverse_search.store.migrate import migrate
from reverse_search.store.session import Database, default_url, open_database

READER = (sys.executable, "-m", "indexer.bench.swap_reader")
FIRST_NIGHT = datetime(2026, 1, 1, tzinfo=UTC)
LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Settings:
    """How much of it.

    Attributes:
        queries: of all readers together.
        swaps: publications while they read.
        readers: processes.
        threads: of each, as workers of the site have several.
    """

    queries: int = 100_000
    swaps: int = 10
    readers: int = 2
    threads: int = 2


def run(folder: Path, recipe: Recipe, settings: Settings, say: Say) -> dict[str, Any]:
    """Make the editions below `folder`, publish them under readers, and compare.

    Raises:
        OSError: the disk is full.
        subprocess.CalledProcessError: an edition can't be asked alone; why is on standard error.
    """
    began = time.perf_counter()
    editions = [folder / f"edition-{number}" for number in range(settings.swaps + 1)]
    alone = []
    for number, edition in enumerate(editions):
        say(f"edition {number} …")
        prepare(edition, replace(recipe, seed=recipe.seed + number), lambda text: None)
        alone.append(_ask_alone(edition, recipe.photos))
    made_s = time.perf_counter() - began
    home = folder / "home"
    home.mkdir()
    migrate(default_url(home))
    with open_database(default_url(home)) as database:
        publisher = Publisher(home, database)
        publisher.publish(editions[0])
        began = time.perf_counter()
        readers = [_start(home, recipe.photos, settings, number) for number in range(settings.readers)]
        try:
            _publish_while_they_read(publisher, editions[1:], readers, settings.queries, say)
        except BaseException:
            for reader in readers:
                reader.process.kill()
            raise
        finally:
            reports = [reader.finish() for reader in readers]
    seconds = time.perf_counter() - began
    figures = judge(reports, dict(zip(publisher.names, alone, strict=False)))
    return figures | {
        "swaps": len(publisher.names) - 1,
        "pruned": publisher.pruned,
        "seconds": round(seconds, 1),
        "made_s": round(made_s, 1),
        "asked": {"photos": recipe.photos, "dim": recipe.dim, "queries": settings.queries, "swaps": settings.swaps,
                  "readers": settings.readers, "threads": settings.threads},
    }  # fmt: skip


def holds(figures: Mapping[str, Any]) -> bool:
    """Whether all was asked, nothing failed, and a mixed answer would have been noticed."""
    asked = figures["asked"]
    done = (figures["queries"], figures["swaps"]) == (asked["queries"], asked["swaps"])
    return done and not (figures["errors"] or figures["inconsistent"] or figures["blind_questions"])


def judge(reports: Sequence[Mapping[str, Any]], alone: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Compare what readers counted with what each generation answers alone.

    Args:
        reports: of `swap_reader.Reader`.
        alone: generation to the digest of its answer to each question.
    """
    by_generation: Counter[str] = Counter()
    inconsistent = 0
    for generation, question, digest, n in (answer for report in reports for answer in report["answers"]):
        by_generation[generation] += n
        if generation not in alone or alone[generation][question] != digest:
            inconsistent += n
    errors = [error for report in reports for error in report["errors"]]
    times = np.array([time_ms for report in reports for time_ms in report["times_ms"]], dtype=np.float64)
    return {
        "queries": len(times),
        "errors": len(errors),
        "error": errors[0] if errors else None,
        "inconsistent": inconsistent,
        # Where two generations agree, a swap between them could go unnoticed.
        "blind_questions": sum(len(set(answers)) < len(alone) for answers in zip(*alone.values(), strict=True)),
        "by_generation": dict(sorted(by_generation.items())),
        "median_ms": round(float(np.median(times)), 2) if len(times) else None,
        "p95_ms": round(float(np.percentile(times, 95)), 2) if len(times) else None,
        "worst_ms": round(float(times.max()), 2) if len(times) else None,
    }


class Publisher:
    """Publishes editions one after the other in one data directory, and deletes what served before at once."""

    def __init__(self, home: Path, database: Database) -> None:
        self._home, self._database = home, database
        self._store = GenerationStore(home)
        self._segments = 0
        self.names: list[str] = []
        self.pruned = 0

    def publish(self, edition: Path) -> str:
        """Move a whole edition over, by the steps that the nightly job takes."""
        made = GenerationStore(edition)
        folder = made.path(made.current())
        manifest = read_manifest(folder)
        references = []
        for reference in manifest.segments:
            self._segments += 1
            self._move_segment(edition, manifest.backbone.short, int(reference["number"]))
            references.append(reference | {"number": self._segments})
        now = FIRST_NIGHT + timedelta(days=len(self.names))
        name = self._store.add(folder, replace(manifest, segments=references), now)
        self._store.serve(name)
        self.names.append(name)
        self.pruned += len(self._store.prune(1, now, min_age=timedelta(0)))
        return name

    def _move_segment(self, edition: Path, backbone: str, number: int) -> None:
        target = self._home / "segments" / backbone
        target.mkdir(parents=True, exist_ok=True)
        (edition / "segments" / backbone / f"{number:06d}").rename(target / f"{self._segments:06d}")

    def import_something(self) -> None:
        """A write, which readers have to look at; it changes no answer."""
        with self._database.write() as connection:
            next_change_seq(connection)


@dataclass(eq=False)
class _Running:
    """A reader's process. Its lines are read by a thread, so that it never waits."""

    process: "subprocess.Popen[str]"
    done: int = 0
    report: dict[str, Any] = field(default_factory=lambda: {"answers": [], "errors": [], "times_ms": []})

    def __post_init__(self) -> None:
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if isinstance(said, int):
                self.done = said
            else:
                self.report = said

    def finish(self) -> dict[str, Any]:
        """What it counted; one more error where it broke off."""
        status = self.process.wait()
        self._listener.join()
        if status:
            self.report["errors"].append(f"a reader ended with status {status}")
        return self.report


def _ask_alone(edition: Path, photos: int) -> list[str]:
    command = [*READER, "alone", str(edition), str(photos)]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603  ourselves
    answers: list[str] = json.loads(done.stdout)
    return answers


def _start(home: Path, photos: int, settings: Settings, number: int) -> _Running:
    share = settings.queries // settings.readers + (number < settings.queries % settings.readers)
    first = number * QUESTIONS // settings.readers
    command = [*READER, "read", str(home), *map(str, (photos, first, share, settings.threads))]
    return _Running(subprocess.Popen(command, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True))  # noqa: S603  ourselves


def _publish_while_they_read(
    publisher: Publisher, editions: Sequence[Path], readers: Sequence[_Running], queries: int, say: Say
) -> None:
    """Publications, and imports half-way between them, at even distances of answered questions."""
    events = 2 * (len(editions) + 1)
    for event in range(1, events):
        while sum(reader.done for reader in readers) < event * queries / events:
            if all(reader.process.poll() is not None for reader in readers):
                return
            time.sleep(LOOK_S)
        if event % 2:
            publisher.import_something()
        else:
            say(f"published {publisher.publish(editions[event // 2 - 1])}")


def render(figures: Mapping[str, Any], format_: str) -> str:
    """The figures, "json" or "table"."""
    if format_ == "json":
        return json.dumps(figures)
    asked = figures["asked"]
    lines = [
        f"{figures['queries']:,} of {asked['queries']:,} queries in {asked['readers']} processes of {asked['threads']} "
        f"threads, {asked['photos']:,} photos of {asked['dim']} components, {figures['seconds']} s",
        f"{figures['swaps']} of {asked['swaps']} swaps; {figures['pruned']} generations deleted under the readers",
        f"{figures['errors']} errors, {figures['inconsistent']} answers of no one generation, "
        f"{figures['blind_questions']} questions that couldn't tell",
        f"median {figures['median_ms']} ms, p95 {figures['p95_ms']} ms, slowest {figures['worst_ms']} ms",
        *(f"{n:>8,}  {name}" for name, n in figures["by_generation"].items()),
    ]
    return "\n".join(lines if figures["error"] is None else [*lines, f"the first error: {figures['error']}"])
