"""A generation as the use cases see it: everything mapped, nothing ever changed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from reverse_search.classify.models import Models
from reverse_search.classify.pooling import ScoreColumns
from reverse_search.classify.postings import Postings
from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray
from reverse_search.domain.catalogue import ExemplarColumns, ObservationColumns, PhotoColumns, SuggestionColumns
from reverse_search.domain.lacking import IdentificationColumns
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.errors import CorruptFile, NoGeneration
from reverse_search.generation.columns import load_columns
from reverse_search.generation.heads import HEAD_FILES, load_models
from reverse_search.generation.manifest import MANIFEST_NAME, Manifest, check_sizes, read_manifest
from reverse_search.generation.publish import GenerationStore
from reverse_search.generation.taxonomy import TAXONOMY_FILES, load_taxonomy
from reverse_search.geo.presence import Presence
from reverse_search.vectors.choice import open_device
from reverse_search.vectors.costs import Costs
from reverse_search.vectors.planner import Planner, union_search
from reverse_search.vectors.segments import SegmentSet
from reverse_search.vectors.stored import DESCRIPTION_FILE, INDEX_FILE
from reverse_search.vectors.where import Device

COLUMN_PARTS: dict[str, type[Any]] = {
    "observations": ObservationColumns,
    "photos": PhotoColumns,
    "identifications": IdentificationColumns,
    "exemplars": ExemplarColumns,
    "presence": Presence,
    "scores": ScoreColumns,
    "postings": Postings,
    "suggestions": SuggestionColumns,
}
"""Folders of columns, each also a field of `Generation`."""


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


def open_current(home: Path, device: Device = Device.CPU) -> Generation:
    """Open the generation that serves, to be searched on a device.

    Raises:
        NoGeneration: nothing has been published, or what serves is gone.
        CorruptFile: something of it is missing or truncated.
        MissingDependency, BadSettings, DeviceUnusable: a GPU is demanded that can't be used.
    """
    store = GenerationStore(home)
    name = store.pointed()
    while True:
        try:
            return open_generation(home, name, device)
        except (CorruptFile, NoGeneration) as error:
            # It may have been pruned between reading the pointer and opening: look where it points now. This ends, as
            # each round needs another publication.
            before, name = name, store.pointed()
            if name == before:
                raise type(error)(f"{error}; {store.way_back(name)}") from error


def open_generation(home: Path, name: str, device: Device = Device.CPU) -> Generation:
    """Open a generation by name. Raises NoGeneration, CorruptFile."""
    return open_folder(home, GenerationStore(home).folder(name), name, device)


def open_folder(home: Path, folder: Path, name: str, device: Device = Device.CPU) -> Generation:
    """Open what lies in a folder, published or not. Raises CorruptFile, and what `open_device` does."""
    manifest = read_manifest(folder)
    _require_listed(folder, manifest)
    taxonomy = load_taxonomy(folder / "taxonomy")
    models = load_models(folder / "head")
    manifest.backbone.require(models.head.backbone)
    costs = Costs.measured(manifest.costs, manifest.backbone.dim)
    segments = SegmentSet.open_references(home / "segments", manifest.backbone, manifest.segments)
    columns = {part: load_columns(folder / part, cls) for part, cls in COLUMN_PARTS.items()}
    planner = Planner.open(segments, folder, costs, device=open_device(segments, device))
    # Once more: had it been pruned meanwhile, an index that is gone would pass for one that was never built.
    check_sizes(folder, manifest)
    return Generation(
        name=name,
        manifest=manifest,
        taxonomy=taxonomy,
        models=models,
        leaves=taxonomy.nodes_of(models.head.leaf_taxon_ids).astype(np.int64),
        vectors=PlannedVectors(segments, planner),
        **columns,
    )


def _require_listed(folder: Path, manifest: Manifest) -> None:
    """What the manifest doesn't list, nobody checks."""
    needed = [f"{part}/{field.name}.npy" for part, cls in COLUMN_PARTS.items() for field in fields(cls)]
    needed += [f"taxonomy/{name}" for name in TAXONOMY_FILES] + [f"head/{name}" for name in HEAD_FILES]
    needed += [DESCRIPTION_FILE, *([INDEX_FILE] if (folder / INDEX_FILE).exists() else [])]
    for name in needed:
        if name not in manifest.files:
            raise CorruptFile(f"{folder / MANIFEST_NAME} doesn't list {name}; roll back, or build anew")
