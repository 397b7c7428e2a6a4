"""A generation as the use cases see it: everything mapped, nothing ever changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reverse_search.classify.models import Models
from reverse_search.classify.pooling import ScoreColumns
from reverse_search.classify.postings import Postings
from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray
from reverse_search.domain.catalogue import ExemplarColumns, ObservationColumns, PhotoColumns, SuggestionColumns
from reverse_search.domain.lacking import IdentificationColumns
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.errors import CorruptFile
from reverse_search.generation.columns import load_columns
from reverse_search.generation.heads import load_models
from reverse_search.generation.manifest import Manifest, read_manifest
from reverse_search.generation.publish import GenerationStore
from reverse_search.generation.taxonomy import load_taxonomy
from reverse_search.geo.presence import Presence
from reverse_search.vectors.costs import Costs
from reverse_search.vectors.planner import Planner, union_search
from reverse_search.vectors.segments import SegmentSet

COLLECTION_PARTS = ("taxonomy", "observations", "photos", "identifications", "exemplars", "presence")
INDEX_FILE = "vectors.faiss"


@dataclass(frozen=True, eq=False)
class PlannedVectors:
    """Vectors of segments, searched by a planner. Implements `VectorSearch`."""

    segments: SegmentSet
    planner: Planner

    def gather(self, rows: IntArray) -> FloatArray:
        """(m,) vector rows → (m, dim) float32."""
        return self.segments.gather(rows)

    def nearest(self, queries: FloatArray, k: int, pool: BoolArray) -> tuple[IntArray, Mapping[str, object]]:
        """See `VectorSearch`. A pool shorter than the segments has no rows beyond its end."""
        mask = np.zeros(self.segments.count, dtype=np.bool_)
        mask[: len(pool)] = pool
        rows, plan = union_search(self.planner, queries, k, mask)
        return rows, plan


@dataclass(frozen=True, eq=False)
class Generation:
    """One published night. Implements `ServedIndex`."""

    name: str
    manifest: Manifest
    taxonomy: Taxonomy
    observations: ObservationColumns
    photos: PhotoColumns
    identifications: IdentificationColumns
    exemplars: ExemplarColumns
    presence: Presence
    models: Models
    leaves: IntArray
    scores: ScoreColumns
    postings: Postings
    suggestions: SuggestionColumns
    vectors: PlannedVectors


def open_current(home: Path) -> Generation:
    """Open the generation that serves.

    Raises:
        NoGeneration: nothing has been published.
        CorruptFile: something of it is missing or truncated.
    """
    store = GenerationStore(home)
    name = store.current()
    try:
        return open_generation(home, name)
    except CorruptFile:
        # It may have been pruned between reading the pointer and opening: look once more where it points now.
        again = store.current()
        if again == name:
            raise
        return open_generation(home, again)


def open_generation(home: Path, name: str) -> Generation:
    """Open a generation by name. Raises NoGeneration, CorruptFile."""
    return open_folder(home, GenerationStore(home).path(name), name)


def open_folder(home: Path, folder: Path, name: str) -> Generation:
    """Open what lies in a folder, published or not. Raises CorruptFile."""
    manifest = read_manifest(folder)
    taxonomy = load_taxonomy(folder / "taxonomy")
    models = load_models(folder / "head")
    manifest.backbone.require(models.head.backbone)
    costs = Costs.measured(manifest.costs, manifest.backbone.dim)
    segments = SegmentSet.open_references(home / "segments", manifest.backbone, manifest.segments)
    return Generation(
        name=name,
        manifest=manifest,
        taxonomy=taxonomy,
        observations=load_columns(folder / "observations", ObservationColumns),
        photos=load_columns(folder / "photos", PhotoColumns),
        identifications=load_columns(folder / "identifications", IdentificationColumns),
        exemplars=load_columns(folder / "exemplars", ExemplarColumns),
        presence=load_columns(folder / "presence", Presence),
        models=models,
        leaves=taxonomy.nodes_of(models.head.leaf_taxon_ids).astype(np.int64),
        scores=load_columns(folder / "scores", ScoreColumns),
        postings=load_columns(folder / "postings", Postings),
        suggestions=load_columns(folder / "suggestions", SuggestionColumns),
        vectors=PlannedVectors(segments, Planner.open(segments, folder, costs)),
    )
