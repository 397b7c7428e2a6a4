"""The job: embed → collect → train → score → suggest → build → check → publish.

Every step but the first writes into DATA/building/<key>/, where the key is a digest of all inputs; a step whose mark is
there is not done again. A killed job therefore goes on where it stopped and ends in the same contents, and what
serves is untouched until the one rename at the end.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import reverse_search
from indexer.backbones.process import BackboneProcess
from indexer.check import check_build
from indexer.collect import CollectedIndex, collect
from indexer.embed import Embedder, EmbedReport, PhotoSource
from indexer.lock import only_one
from indexer.progress import Meter
from indexer.scoring import score_all
from indexer.settings import Settings
from indexer.train.jobs import SoftmaxSettings
from indexer.train.models import TrainingPlan, train_models
from reverse_search.classify.gate import GatePolicy
from reverse_search.classify.models import Models
from reverse_search.classify.pooling import ScoreColumns
from reverse_search.classify.training_set import TrainingRules
from reverse_search.domain.arrays import IntArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.domain.catalogue import ExemplarColumns, ObservationColumns, PhotoColumns
from reverse_search.domain.files import sync_tree, write_atomic
from reverse_search.domain.lacking import IdentificationColumns
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.errors import PhotoProblem
from reverse_search.generation.columns import load_columns, save_columns
from reverse_search.generation.heads import load_models, save_models
from reverse_search.generation.manifest import Manifest, describe_files, read_manifest
from reverse_search.generation.opened import PlannedVectors
from reverse_search.generation.publish import GenerationStore
from reverse_search.generation.taxonomy import load_taxonomy, save_taxonomy
from reverse_search.geo.presence import Presence
from reverse_search.search.suggesting import suggest_all
from reverse_search.store import columns as stored
from reverse_search.store import runs
from reverse_search.store.changes import watermark
from reverse_search.store.photos import set_photo_problems
from reverse_search.store.session import Database
from reverse_search.vectors.building import build_index
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.planner import Planner
from reverse_search.vectors.segments import SegmentSet
from reverse_search.vectors.stored import IndexKind

STEPS = ("embed", "collect", "train", "score", "suggest", "build", "check", "publish")
COLUMN_PARTS: dict[str, type[Any]] = {
    "observations": ObservationColumns,
    "photos": PhotoColumns,
    "identifications": IdentificationColumns,
    "exemplars": ExemplarColumns,
    "presence": Presence,
}
Counts = dict[str, int]
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


@dataclass(frozen=True, eq=False)
class _ScoredIndex(CollectedIndex):
    models: Models
    leaves: IntArray
    scores: ScoreColumns


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
        build = Build(self, embedded.backbone)
        serving = GenerationStore(self.home).current_or_none()
        if serving is not None and build.is_served_by(serving):
            self.meter.say(f"nothing has changed: {serving} goes on serving")
            return NightlyReport(serving, published=False)
        for name in STEPS[1:-1]:
            if not build.is_done(name):
                self._step(name, getattr(build, name))
                build.mark_done(name)
        return NightlyReport(self._step("publish", build.publish), published=True)

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

    def _finish_step(self, step: int, state: runs.StepState, began: float, counts: Counts, message: str | None) -> None:
        seconds = time.perf_counter() - began
        with self.database.write() as connection:
            runs.finish_step(connection, step, state, self.now(), seconds=seconds, counts=counts, message=message)

    def _embed(self, refit: bool) -> EmbedReport:
        with self.database.snapshot() as connection:
            photos = stored.read_columns(connection).photos
        with BackboneProcess(self.settings.backbone) as process, self.meter.live():
            use_projection = self.settings.projection == "auto" and self.settings.backbone == "bundled"
            embedder = Embedder(self.home, process, self.source, use_projection, self._record_problems, refit)
            report = embedder.run(photos, self._progress("embed", "photos"))
        self.meter.say(f"{report.embedded:,} photos embedded, {report.problems:,} can't be used")
        return report

    def _record_problems(self, problems: Mapping[int, PhotoProblem | None]) -> None:
        with self.database.write() as connection:
            set_photo_problems(connection, sorted(problems.items()))

    def _progress(self, step: str, unit: str) -> Callable[[int, int], None]:
        return lambda done, of: self.meter.show(step, done, done / max(of, 1), unit)


class Build:
    """One generation in the making, in a folder of its own."""

    def __init__(self, job: Nightly, backbone: BackboneId) -> None:
        self._job, self._backbone = job, backbone
        self._segments = SegmentSet.open(job.home / "segments", backbone)
        self._vectors = PlannedVectors(self._segments, Planner(ExactSearch(self._segments), None))
        with job.database.snapshot() as connection:
            self._watermark = watermark(connection)
        self.key = self._key()
        self.folder = job.home / "building" / self.key / "generation"
        self._marks = job.home / "building" / self.key / "done"
        self._marks.mkdir(parents=True, exist_ok=True)
        self._discard_others()

    def _key(self) -> str:
        """Digest of everything that decides the contents."""
        settings = self._job.settings
        page = {
            "program": reverse_search.__version__,
            "watermark": self._watermark,
            "backbone": self._backbone.digest,
            "segments": self._segments.references(),
            "folds": settings.folds,
            "seed": settings.seed,
            "max_error": settings.max_error,
            "policy": asdict(GatePolicy()),
            "rules": asdict(TrainingRules()),
        }
        return hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()[:16]

    def _discard_others(self) -> None:
        for other in self._marks.parent.parent.iterdir():
            if other.name != self.key:
                shutil.rmtree(other)

    def is_served_by(self, name: str) -> bool:
        """Whether a generation was built from exactly these inputs."""
        page = json.loads((GenerationStore(self._job.home).path(name) / "manifest.json").read_text(encoding="utf-8"))
        return bool(page["built_from"] == self.key)

    def is_done(self, step: str) -> bool:
        """Whether a step's results are complete."""
        return (self._marks / step).is_file()

    def mark_done(self, step: str) -> None:
        """Say so, once they are safely on disk."""
        sync_tree(self.folder)
        write_atomic(self._marks / step, b"")

    def collect(self) -> Counts:
        """Columns from the database, in one snapshot."""
        with self._job.database.snapshot() as connection:
            snapshot = stored.read_columns(connection)
        found = collect(snapshot, self._segments.photo_ids, self._vectors)
        save_taxonomy(self.folder / "taxonomy", found.taxonomy)
        for part in COLUMN_PARTS:
            save_columns(self.folder / part, getattr(found, part))
        return {
            "taxa": len(found.taxonomy),
            "observations": len(found.observations),
            "photos": len(found.photos),
            "verified": int((found.observations.label >= 0).sum()),
        }

    def train(self) -> Counts:
        """The head, its calibration, the fusion and the gate."""
        settings = self._job.settings
        plan = TrainingPlan(
            backbone=self._backbone,
            rules=TrainingRules(),
            policy=GatePolicy(max_error=settings.max_error),
            folds=settings.folds,
            softmax=SoftmaxSettings(seed=settings.seed),
        )
        scratch = self.folder.parent / "scratch"
        models = train_models(self._collection(), plan, scratch, self._job.meter.say)
        save_models(self.folder / "head", models)
        shutil.rmtree(scratch)
        return {"leaves": len(models.head), "provisional": int(models.head.provisional.sum())}

    def score(self) -> Counts:
        """Stored scores of every observation."""
        collection, models = self._collection(), self._models()
        leaves = collection.taxonomy.nodes_of(models.head.leaf_taxon_ids).astype(np.int64)
        with self._job.meter.live():
            progress = self._job._progress("score", "observations")
            scores, postings = score_all(collection, models.head, leaves, progress)
        save_columns(self.folder / "scores", scores)
        save_columns(self.folder / "postings", postings)
        return {"postings": len(postings.nodes)}

    def suggest(self) -> Counts:
        """The gate over the triage pools."""
        collection, models = self._collection(), self._models()
        parts = {name: getattr(collection, name) for name in ("taxonomy", *COLUMN_PARTS, "vectors")}
        leaves = collection.taxonomy.nodes_of(models.head.leaf_taxon_ids).astype(np.int64)
        scores = load_columns(self.folder / "scores", ScoreColumns)
        suggestions = suggest_all(_ScoredIndex(**parts, models=models, leaves=leaves, scores=scores))
        save_columns(self.folder / "suggestions", suggestions)
        return {"judged": len(suggestions.taxon), "suggested": int((suggestions.taxon >= 0).sum())}

    def build(self) -> Counts:
        """The nearest-neighbour index and the manifest."""
        kind = build_index(self._segments, self.folder, seed=self._job.settings.seed)
        manifest = self._manifest()
        write_atomic(self.folder / "manifest.json", manifest.to_json().encode())
        return {
            "files": len(manifest.files),
            "vectors": self._segments.count,
            "indexed": 0 if kind is IndexKind.NONE else self._segments.count,
        }

    def check(self) -> Counts:
        """Reopen and query what was built, as a reader would."""
        return check_build(self._job.home, self.folder)

    def publish(self) -> str:
        """Move the build under its name and make it serve."""
        store = GenerationStore(self._job.home)
        name = store.add(self.folder, read_manifest(self.folder), self._job.now())
        store.serve(name)
        shutil.rmtree(self._marks.parent)
        store.prune(self._job.settings.keep_generations, self._job.now())
        return name

    def _manifest(self) -> Manifest:
        observations = load_columns(self.folder / "observations", ObservationColumns)
        return Manifest(
            built_from=self.key,
            watermark=self._watermark,
            backbone=self._backbone,
            segments=self._segments.references(),
            counts={"observations": len(observations), "vectors": self._segments.count},
            files=describe_files(self.folder),
        )

    def _collection(self) -> CollectedIndex:
        taxonomy: Taxonomy = load_taxonomy(self.folder / "taxonomy")
        parts = {name: load_columns(self.folder / name, cls) for name, cls in COLUMN_PARTS.items()}
        return CollectedIndex(taxonomy=taxonomy, vectors=self._vectors, **parts)

    def _models(self) -> Models:
        return load_models(self.folder / "head")
