"""FAISS indexes on the CPU. The only module that imports faiss, and only when an index is built, opened or searched.

Indexes never change after `build`: what a search needs goes with each call, so that any number of threads may search.
"""

import functools
import threading
from pathlib import Path
from typing import Any, Self

import numpy as np

from reverse_search.domain.arrays import FloatArray, Int32Array, IntArray
from reverse_search.domain.files import write_atomic
from reverse_search.errors import CorruptFile, MissingDependency
from reverse_search.vectors.index import NO_ROW, Hits, Pool, VectorSource, check_search

POINTS_PER_CELL = 50
"""Training points per cell; FAISS asks for 39 at least."""
MIN_POINTS_PER_CELL = 39
TRAINING_ROUNDS = 10
"""Of k-means. 25, the default, take 2.5 times as long; whether searches then need fewer visits hasn't been measured."""
ADD_ROWS = 16384

_wanted_threads: int | None = None
_applied = threading.local()


@functools.cache
def load_faiss() -> Any:
    """The faiss module. Raises MissingDependency where it is not installed."""
    try:
        import faiss
    except ImportError as error:
        raise MissingDependency(
            "the index needs FAISS; `pip install reverse-search[cpu]`, or `[gpu]` where there is a CUDA device"
        ) from error
    # Since 1.14.2 small batches avoid BLAS by default: 16 queries over a million rows took five times as long.
    faiss.cvar.distance_compute_blas_threshold = 1
    return faiss


def set_threads(n_threads: int) -> None:
    """How many threads each search and build may use from now on, in this process, whichever thread calls it.

    Raises:
        ValueError: fewer than one.
    """
    global _wanted_threads
    if n_threads < 1:
        raise ValueError(f"at least one thread is needed, not {n_threads}")
    _wanted_threads = n_threads


def cells_for(count: int) -> int:
    """How many cells suit `count` rows: the power of two nearest to 4·√count that leaves 39 training rows a cell."""
    if count < MIN_POINTS_PER_CELL:
        return 1
    nearest = round(float(np.log2(4 * np.sqrt(count))))
    return int(min(2**nearest, 2 ** int(np.log2(count // MIN_POINTS_PER_CELL))))


class _FaissIndex:
    """What both indexes share."""

    def __init__(self, index: Any) -> None:
        """Wrap a trained and filled faiss index."""
        self._index = index

    @property
    def count(self) -> int:
        """Number of rows."""
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def save(self, path: Path) -> None:
        """Write the index so that it is there whole or not at all. Raises OSError where it can't be written."""
        faiss = load_faiss()
        # Through our own stream: faiss truncates in place, never syncs, and only prints when closing fails.
        write_atomic(path, lambda stream: faiss.write_index(self._index, faiss.PyCallbackIOWriter(stream.write)))

    def _search(self, queries: FloatArray, k: int, pool: Pool, parameters: dict[str, Any]) -> Hits:
        faiss = _ready_faiss()
        width = min(k, pool.size)
        if not width or not len(queries):
            return Hits.none(len(queries), width)
        if pool.size < pool.count:
            # faiss keeps a bare pointer to the bits; `pool` outlives the call.
            parameters["sel"] = faiss.IDSelectorBitmap(len(pool.packed), faiss.swig_ptr(pool.packed))
        return self._run(queries, width, parameters)

    def _run(self, queries: FloatArray, width: int, parameters: dict[str, Any]) -> Hits:
        similarities, rows = self._index.search(queries, width, params=load_faiss().SearchParameters(**parameters))
        return _in_order(rows, similarities)


class FaissFlat(_FaissIndex):
    """All vectors in half precision, compared one by one: exact for vectors that are stored in half precision."""

    @classmethod
    def build(cls, source: VectorSource) -> Self:
        """Copy all rows of `source`."""
        faiss = _ready_faiss()
        index = faiss.IndexScalarQuantizer(source.dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        for _, vectors in source.iter_blocks(ADD_ROWS):
            index.add(vectors)
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map an index from disk. Raises CorruptFile where it is missing, truncated or another kind."""
        faiss = load_faiss()
        index = _read(path, faiss.IO_FLAG_MMAP_IFC, faiss.IndexScalarQuantizer)
        if index.codes.size() != index.ntotal * index.code_size or path.stat().st_size < index.codes.size():
            raise CorruptFile(f"{path} is truncated; build anew")
        return cls(index)

    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """See `VectorIndex.search`."""
        queries, pool = check_search(self, queries, k, pool)
        return self._search(queries, k, pool, {})


class FaissIvf(_FaissIndex):
    """Vectors in cells around k-means centroids, 8 bits a component. Approximate: re-rank what it finds."""

    @classmethod
    def build(cls, source: VectorSource, n_cells: int | None = None, seed: int = 1) -> Self:
        """Train on a sample and add all rows. The same input and seed give the same bytes.

        Args:
            source: at least 39 rows a cell, or one row for a single cell.
            n_cells: number of cells; by default what `cells_for` says.
            seed: of the sample and of k-means.

        Raises:
            ValueError: too few rows for so many cells.
        """
        faiss = _ready_faiss()
        cells = cells_for(source.count) if n_cells is None else n_cells
        if source.count < (1 if cells == 1 else cells * MIN_POINTS_PER_CELL):
            raise ValueError(f"{cells} cells need {cells * MIN_POINTS_PER_CELL} rows to train on, not {source.count}")
        quantizer = faiss.IndexFlatIP(source.dim)
        scalar = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(quantizer, source.dim, cells, scalar, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed = seed
        index.cp.niter = TRAINING_ROUNDS
        index.cp.min_points_per_centroid = 1 if cells == 1 else MIN_POINTS_PER_CELL
        index.train(source.gather(_training_rows(source.count, cells, seed)))
        for _, vectors in source.iter_blocks(ADD_ROWS):
            index.add(vectors)
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map an index from disk. Raises CorruptFile where it is missing, truncated or another kind."""
        faiss = load_faiss()
        return cls(_read(path, faiss.IO_FLAG_MMAP, faiss.IndexIVFScalarQuantizer))

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return int(self._index.nlist)

    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        """See `VectorIndex.search`: visits all cells, so that all places are filled; similarities are approximate."""
        return self.probe(queries, k, pool, self.n_cells)

    def probe(self, queries: FloatArray, k: int, pool: Pool | None, n_probes: int) -> Hits:
        """As `search`, within the `n_probes` cells nearest to each query. More probes than cells visit all.

        Raises:
            ValueError: as `search`, and for fewer than one probe.
        """
        queries, pool = check_search(self, queries, k, pool)
        if n_probes < 1:
            raise ValueError(f"at least one cell must be probed, not {n_probes}")
        return self._search(queries, k, pool, {"nprobe": min(n_probes, self.n_cells)})

    def visit(self, queries: FloatArray, k: int, pool: Pool | None, cells: IntArray, nearness: FloatArray) -> Hits:
        """See `ProbedIndex.visit`."""
        queries, pool = check_search(self, queries, k, pool)
        if cells.shape != nearness.shape or cells.ndim != 2 or len(cells) != len(queries) or not cells.shape[1]:
            raise ValueError(f"cells and nearness must have shape ({len(queries)}, at least 1), not {cells.shape}")
        where = {
            "nprobe": cells.shape[1],
            "cells": np.ascontiguousarray(cells, dtype=np.int64),
            "nearness": np.ascontiguousarray(nearness, dtype=np.float32),
        }
        return self._search(queries, k, pool, where)

    def layout(self) -> tuple[FloatArray, Int32Array, IntArray]:
        """See `ProbedIndex.layout`. Copies, which outlive the index."""
        faiss, lists = load_faiss(), self._index.invlists
        sizes = [lists.list_size(cell) for cell in range(self.n_cells)]
        starts = np.cumsum([0, *sizes], dtype=np.int64)
        rows = np.empty(int(starts[-1]), dtype=np.int32)
        for cell in np.flatnonzero(sizes).tolist():
            rows[starts[cell] : starts[cell + 1]] = faiss.rev_swig_ptr(lists.get_ids(cell), sizes[cell])
        return self._centroids.copy(), rows, starts

    @functools.cached_property
    def _centroids(self) -> FloatArray:
        """(n_cells, dim) float32, a view of what the index holds: not to be handed out."""
        faiss = load_faiss()
        flat = faiss.downcast_index(self._index.quantizer)
        view: FloatArray = faiss.rev_swig_ptr(flat.get_xb(), self.n_cells * self.dim).reshape(self.n_cells, self.dim)
        return view

    def _run(self, queries: FloatArray, width: int, parameters: dict[str, Any]) -> Hits:
        faiss = load_faiss()
        cells, nearness = parameters.pop("cells", None), parameters.pop("nearness", None)
        chosen = faiss.SearchParametersIVF(**parameters)
        if cells is None:
            similarities, rows = self._index.search(queries, width, params=chosen)
            return _in_order(rows, similarities)
        rows = np.empty((len(queries), width), dtype=np.int64)
        similarities = np.empty((len(queries), width), dtype=np.float32)
        pointers = [faiss.swig_ptr(array) for array in (cells, nearness, similarities, rows)]
        # Not by the wrapper, which forgets the parameters, and the selector with them.
        self._index.search_preassigned_c(len(queries), faiss.swig_ptr(queries), width, *pointers, False, chosen)
        return _in_order(rows, similarities)


def _ready_faiss() -> Any:
    faiss = load_faiss()
    # OpenMP keeps the number for each calling thread apart, so it has to be set in each.
    if _wanted_threads is not None and getattr(_applied, "threads", None) != _wanted_threads:
        faiss.omp_set_num_threads(_wanted_threads)
        _applied.threads = _wanted_threads
    return faiss


def _training_rows(count: int, cells: int, seed: int) -> IntArray:
    wanted = min(count, max(cells * POINTS_PER_CELL, 1024))
    rows = np.random.default_rng(seed).choice(count, size=wanted, replace=False)
    return np.sort(rows).astype(np.int64, copy=False)


def _in_order(rows: IntArray, similarities: FloatArray) -> Hits:
    """Sorted by similarity, then row; what faiss left empty last."""
    similarities = np.where(rows == NO_ROW, np.float32(-np.inf), similarities)
    order = np.lexsort((rows, -similarities), axis=1)
    return Hits(np.take_along_axis(rows, order, axis=1), np.take_along_axis(similarities, order, axis=1))


def _read(path: Path, flags: int, kind: Any) -> Any:
    try:
        index = load_faiss().read_index(str(path), flags)
    except RuntimeError as error:
        raise CorruptFile(f"{path} can't be read as an index; build anew, or restore a copy") from error
    if not isinstance(index, kind):
        raise CorruptFile(f"{path} holds a {type(index).__name__}, not a {kind.__name__}; build anew")
    return index
