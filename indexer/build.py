"""One generation in the making: the steps of the job that write it, in a folder of its own.

The folder is DATA/building/<key>/, where the key is a digest of all inputs. A step whose mark is there is not done
again, so that a killed job goes on where it stopped and ends in the same contents.
"""

import hashlib
import json
import shutil
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import reverse_search
from indexer.check import check_build
from indexer.collect import CollectedIndex, collect
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
from reverse_search.domain.files import remove_leftovers, sync_tree, write_atomic
from reverse_search.domain.lacking import IdentificationColumns
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.errors import Busy
from reverse_search.generation.columns import load_columns, save_columns
from reverse_search.generation.heads import load_models, save_models
from reverse_search.generation.manifest import Manifest, describe_files, read_manifest
from reverse_search.generation.opened import PlannedVectors
from reverse_search.generation.publish import GenerationStore
from reverse_search.generation.taxonomy import load_taxonomy, save_taxonomy
from reverse_search.geo.presence import Presence
from reverse_search.search.suggesting import suggest_all
from reverse_search.store import columns as stored
from reverse_search.store.changes import watermark
from reverse_search.store.session import Database
from reverse_search.vectors.building import build_index, measure_index
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.planner import Planner
from reverse_search.vectors.segments import SegmentSet
from reverse_search.vectors.stored import IndexKind

COLUMN_PARTS: dict[str, type[Any]] = {
    "observations": ObservationColumns,
    "photos": PhotoColumns,
    "identifications": IdentificationColumns,
    "exemplars": ExemplarColumns,
    "presence": Presence,
}
Counts = dict[str, int]


@dataclass(frozen=True, eq=False)
class _ScoredIndex(CollectedIndex):
    models: Models
    leaves: IntArray
    scores: ScoreColumns


class Build:
    """One generation in the making, in a folder of its own."""

    def __init__(self, home: Path, database: Database, settings: Settings, meter: Meter, backbone: BackboneId) -> None:
        self._home, self._database, self._settings, self._meter = home, database, settings, meter
        self._backbone = backbone
        self._segments = SegmentSet.open(home / "segments", backbone)
        self._vectors = PlannedVectors(self._segments, Planner(ExactSearch(self._segments), None))
        with database.snapshot() as connection:
            self._watermark = watermark(connection)
        self.key = self._key()
        self.folder = home / "building" / self.key / "generation"
        self._marks = home / "building" / self.key / "done"
        self._marks.mkdir(parents=True, exist_ok=True)
        self._discard_others()
        remove_leftovers(self.folder)  # the manifest lists every file it finds

    def _key(self) -> str:
        """Digest of everything that decides the contents."""
        settings = self._settings
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
        page = json.loads((GenerationStore(self._home).path(name) / "manifest.json").read_text(encoding="utf-8"))
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
        with self._database.snapshot() as connection:
            snapshot = stored.read_columns(connection)
        if snapshot.watermark != self._watermark:
            raise Busy("the database changed while the job was starting; run it again")
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
        settings = self._settings
        plan = TrainingPlan(
            backbone=self._backbone,
            rules=TrainingRules(),
            policy=GatePolicy(max_error=settings.max_error),
            folds=settings.folds,
            softmax=SoftmaxSettings(seed=settings.seed),
        )
        scratch = self.folder.parent / "scratch"
        models = train_models(self._collection(), plan, scratch, self._meter.say)
        save_models(self.folder / "head", models)
        shutil.rmtree(scratch)
        return {"leaves": len(models.head), "provisional": int(models.head.provisional.sum())}

    def score(self) -> Counts:
        """Stored scores of every observation."""
        collection, models = self._collection(), self._models()
        leaves = collection.taxonomy.nodes_of(models.head.leaf_taxon_ids).astype(np.int64)
        with self._meter.live():
            progress = self._meter.counter("score", "observations")
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
        kind = build_index(self._segments, self.folder, seed=self._settings.seed)
        manifest = self._manifest()
        write_atomic(self.folder / "manifest.json", manifest.to_json().encode())
        return {
            "files": len(manifest.files),
            "vectors": self._segments.count,
            "indexed": 0 if kind is IndexKind.NONE else self._segments.count,
        }

    def check(self) -> Counts:
        """Reopen and query what was built, as a reader would."""
        return check_build(self._home, self.folder)

    def publish(self, now: datetime) -> str:
        """Move the build under its name and make it serve."""
        store = GenerationStore(self._home)
        name = store.add(self.folder, read_manifest(self.folder), now)
        store.serve(name)
        shutil.rmtree(self._marks.parent)
        store.prune(self._settings.keep_generations, now)
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
            costs=asdict(measure_index(self._segments, self.folder, time.perf_counter)),
        )

    def _collection(self) -> CollectedIndex:
        taxonomy: Taxonomy = load_taxonomy(self.folder / "taxonomy")
        parts = {name: load_columns(self.folder / name, cls) for name, cls in COLUMN_PARTS.items()}
        return CollectedIndex(taxonomy=taxonomy, vectors=self._vectors, **parts)

    def _models(self) -> Models:
        return load_models(self.folder / "head")
