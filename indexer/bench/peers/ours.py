"""The planner of this project: the filter as a bitmap over columns, all prototypes at once."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import numpy as np

from indexer.bench.peers.base import COLUMNS, Found, Photos, Where, in_play
from reverse_search.domain.arrays import AnyArray, FloatArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.vectors.building import build_index, measure_index
from reverse_search.vectors.costs import Costs
from reverse_search.vectors.index import Pool
from reverse_search.vectors.planner import Planner
from reverse_search.vectors.segments import SegmentSet, SegmentWriter

SEGMENT_ROWS = 20_000
NO_HASH = "0" * 64


class Ours:
    """`Planner.search_union` over segments and the index that suits them."""

    name = "ours"
    distributions = ("reverse-search", "faiss-cpu")
    settings: Mapping[str, str] = {"defaults": "as the site searches"}

    def build(self, folder: Path, photos: Photos) -> None:
        """See `Peer.build`: segments, index, measured costs, columns."""
        backbone = BackboneId("made", "peers", "none", "numpy", "float32", "none", photos.source.dim)
        writer = SegmentWriter(folder / "segments", backbone)
        for start, vectors in photos.source.iter_blocks(SEGMENT_ROWS):
            ids = np.arange(start, start + len(vectors), dtype=np.int64)
            writer.append(ids, vectors, [NO_HASH] * len(ids), {})
        segments = SegmentSet.open(folder / "segments", backbone)
        index = folder / "index"
        index.mkdir()
        build_index(segments, index)
        note = {"backbone": asdict(backbone), "costs": asdict(measure_index(segments, index, perf_counter))}
        (folder / "note.json").write_text(json.dumps(note), encoding="utf-8")
        save_columns(folder, photos.columns)

    def open(self, folder: Path) -> None:
        """See `Peer.open`: everything is mapped."""
        note = json.loads((folder / "note.json").read_text(encoding="utf-8"))
        segments = SegmentSet.open(folder / "segments", BackboneId(**note["backbone"]))
        self._planner = Planner.open(segments, folder / "index", Costs(**note["costs"]))
        self._columns = open_columns(folder)

    def search(self, queries: FloatArray, k: int, where: Where, setting: str) -> Found:
        """See `Peer.search`."""
        hits, _ = self._planner.search_union(queries, k, Pool(in_play(where, self._columns)))
        return Found(*hits.of(0))


def save_columns(folder: Path, columns: Mapping[str, AnyArray]) -> None:
    """Write the attributes for `open_columns`."""
    for name in COLUMNS:
        np.save(folder / f"{name}.npy", columns[name])


def open_columns(folder: Path) -> dict[str, AnyArray]:
    """Map what `save_columns` wrote."""
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in COLUMNS}
