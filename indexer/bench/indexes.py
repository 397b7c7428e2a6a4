"""Which index suits which size: the same unions of prototypes, within the same filters, by every kind there is.

All kinds of cells share one set of centroids, so that what differs is how rows are coded within them.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from indexer.bench.questions import Filtering, Subject, choose_subjects
from indexer.bench.report import table
from indexer.bench.synthetic import Say
from indexer.bench.truth import Truth
from reverse_search.domain.arrays import BoolArray, FloatArray
from reverse_search.generation.opened import Generation, open_current
from reverse_search.search.candidates import MIN_NEIGHBOURS, CandidateFinder
from reverse_search.search.features import FeatureReader
from reverse_search.search.pool import pool_of
from reverse_search.search.prepared import prepared
from reverse_search.vectors.cells import CellLayout, CellSearch
from reverse_search.vectors.costs import Costs
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.faiss_index import (
    ADD_ROWS,
    MIN_POINTS_PER_CELL,
    POINTS_PER_CELL,
    TRAINING_ROUNDS,
    FaissFlat,
    FaissIvf,
    cells_for,
)
from reverse_search.vectors.index import Hits, Pool
from reverse_search.vectors.planner import PlannerSettings
from reverse_search.vectors.rerank import rerank_union
from reverse_search.vectors.segments import SegmentSet

FILTERS = ((1.0, "random"), (0.1, "random"), (0.1, "far"))
RECALL_AT = 100
HEADINGS = {
    "photos": "photos", "index": "index", "build_s": "build s", "bytes_per_row": "bytes a row",
    "selectivity": "in play", "filter": "filter", "median_ms": "median ms", "recall_at_100": "recall@100",
}  # fmt: skip
Search = Callable[[FloatArray, Pool], Hits]
Coder = Callable[[Any, int, int], Any]
"""(quantizer, dim, n_cells) → an untrained IVF index with it."""


def coders() -> dict[str, Coder]:
    """Ways to code rows within cells, by name."""
    metric, scalar = faiss.METRIC_INNER_PRODUCT, faiss.ScalarQuantizer
    return {
        "cells, 8 bits (SQ8)": lambda q, d, n: faiss.IndexIVFScalarQuantizer(q, d, n, scalar.QT_8bit, metric),
        "cells, half precision": lambda q, d, n: faiss.IndexIVFScalarQuantizer(q, d, n, scalar.QT_fp16, metric),
        "cells, 1 bit (RaBitQ)": lambda q, d, n: faiss.IndexIVFRaBitQ(q, d, n, metric),
        "cells, 4 bits a pair (PQ FastScan)": lambda q, d, n: faiss.IndexIVFPQFastScan(q, d, n, d // 2, 4, metric),
    }


@dataclass(frozen=True, eq=False)
class _Built:
    name: str
    search: Search
    build_s: float
    bytes_per_row: float


def run(home: Path, n_subjects: int, seed: int, say: Say) -> list[dict[str, Any]]:
    """Measure every kind of index over the collection that serves in `home`.

    Returns:
        A row for each kind and filter, with HEADINGS' names; "error" instead of times where faiss refuses.
    """
    faiss.omp_set_num_threads(1)
    generation = open_current(home)
    subjects = choose_subjects(generation, n_subjects, seed)
    trial = _Trial(generation, subjects)
    rows = []
    for built in _kinds(generation.vectors.segments, say):
        for selectivity, kind in FILTERS:
            figures: dict[str, Any] = {
                "photos": generation.vectors.segments.count,
                "index": built.name,
                "selectivity": selectivity,
            }
            both = {"filter": kind, "build_s": round(built.build_s, 1), "bytes_per_row": round(built.bytes_per_row)}
            rows.append(figures | both | trial.measure(built.search, selectivity, kind))
    return rows


def render(rows: list[dict[str, Any]], format_: str) -> str:
    """Rows of `run`, "json" or "table" (Markdown)."""
    return json.dumps({"rows": rows}) if format_ == "json" else table(HEADINGS, rows)


class _Trial:
    """The questions, and what exact search says to them."""

    def __init__(self, index: Generation, subjects: list[Subject]) -> None:
        finder = CandidateFinder(index, FeatureReader(index))
        self._index, self._subjects, self._filtering = index, subjects, Filtering(index)
        self._prototypes = [finder.prototypes(s.node) for s in subjects]
        self._truth = Truth(index, self._prototypes)

    def measure(self, search: Search, selectivity: float, kind: str) -> dict[str, Any]:
        times, shares = [], []
        owners = prepared(self._index).owners
        for number, subject in enumerate(self._subjects):
            query = self._filtering.query(subject, kind, selectivity, RECALL_AT)
            mask = pool_of(self._index, subject.node, query).mask
            pool = self._pool(mask)
            best = self._truth.best(number, mask, RECALL_AT)
            try:
                search(self._prototypes[number], pool)
                began = time.perf_counter()
                hits = search(self._prototypes[number], pool)
            except RuntimeError as error:
                return {"median_ms": None, "recall_at_100": None, "error": str(error).splitlines()[-1]}
            times.append(time.perf_counter() - began)
            shares.append(float(np.isin(best, owners.owners_of(hits.rows[0])).mean()) if len(best) else 1.0)
        recall = round(float(np.mean(shares)), 4)
        return {"median_ms": round(1000 * float(np.median(times)), 2), "recall_at_100": recall}

    def _pool(self, mask: BoolArray) -> Pool:
        owners = prepared(self._index).owners
        chosen = owners.vectors_of(mask, self._index.photos, self._index.observations)
        whole = np.zeros(self._index.vectors.segments.count, dtype=np.bool_)
        whole[: len(chosen)] = chosen
        return Pool(whole)


def _kinds(source: SegmentSet, say: Say) -> Iterator[_Built]:
    """Every kind of index over the vectors, one at a time."""
    yield _Built("none: exact", lambda q, pool: ExactSearch(source).search_union(q, MIN_NEIGHBOURS, pool), 0.0, 0.0)
    say("flat …")
    began = time.perf_counter()
    flat = FaissFlat.build(source)
    yield _Built("flat, half precision", _by_flat(source, flat), time.perf_counter() - began, 2.0 * source.dim)
    del flat
    say("centroids …")
    began = time.perf_counter()
    quantizer = _centroids(source)
    shared_s = time.perf_counter() - began
    for name, coder in coders().items():
        say(f"{name} …")
        began = time.perf_counter()
        index = coder(quantizer, source.dim, int(quantizer.ntotal))
        index.train(_sample(source))
        for _, vectors in source.iter_blocks(ADD_ROWS):
            index.add(vectors)
        seconds = shared_s + time.perf_counter() - began
        yield _Built(name, _by_cells(source, FaissIvf(index)), seconds, float(index.code_size))


def _centroids(source: SegmentSet) -> Any:
    """k-means as `FaissIvf` does it."""
    rounds, points = TRAINING_ROUNDS, MIN_POINTS_PER_CELL
    options = {"niter": rounds, "min_points_per_centroid": points, "max_points_per_centroid": 50, "seed": 1}
    means = faiss.Kmeans(source.dim, cells_for(source.count), spherical=True, **options)
    means.train(_sample(source))
    assert means.centroids is not None
    quantizer = faiss.IndexFlatIP(source.dim)
    quantizer.add(means.centroids)
    return quantizer


def _sample(source: SegmentSet) -> FloatArray:
    wanted = min(source.count, POINTS_PER_CELL * cells_for(source.count))
    return source.gather(np.sort(np.random.default_rng(1).choice(source.count, size=wanted, replace=False)))


def _by_flat(source: SegmentSet, index: FaissFlat) -> Search:
    n_candidates = PlannerSettings().candidates(MIN_NEIGHBOURS)

    def search(queries: FloatArray, pool: Pool) -> Hits:
        found = index.search(queries, n_candidates, pool)
        return rerank_union(source, queries, found, min(MIN_NEIGHBOURS, pool.size), n_candidates)

    return search


def _by_cells(source: SegmentSet, index: FaissIvf) -> Search:
    layout, limits, costs = CellLayout(index), PlannerSettings(), Costs.typical(source.dim)

    def search(queries: FloatArray, pool: Pool) -> Hits:
        one = CellSearch(source, layout, queries, MIN_NEIGHBOURS, pool, limits.first_rows, limits.missed)
        return one.finish(limits.most_s, costs, limits.candidates(MIN_NEIGHBOURS))

    return search
