"""Builds the index that suits a collection and writes it."""

from pathlib import Path

import numpy as np

from reverse_search.vectors.costs import Clock, Costs, measure_costs
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.faiss_index import FaissFlat, FaissIvf
from reverse_search.vectors.index import ProbedIndex, VectorSource
from reverse_search.vectors.stored import IndexKind, choose_index, open_index, save_index


def build_index(source: VectorSource, folder: Path, kind: IndexKind | None = None, seed: int = 1) -> IndexKind:
    """Build and write an index for `Planner.open`. The same vectors, settings and seed give the same files.

    Args:
        source: the vectors.
        folder: an existing folder.
        kind: which index; by default what `choose_index` says.
        seed: of training.

    Returns:
        The kind that was built.

    Raises:
        MissingDependency: an index is wanted, but FAISS is not installed.
        OSError: the folder can't be written.
    """
    chosen = choose_index(source.count) if kind is None else kind
    index: FaissFlat | FaissIvf | None = None
    if chosen is IndexKind.FLAT:
        index = FaissFlat.build(source)
    elif chosen is IndexKind.IVF:
        index = FaissIvf.build(source, seed=seed)
    save_index(folder, index, source.count, source.dim)
    return chosen


def measure_index(source: VectorSource, folder: Path, clock: Clock, seed: int = 1) -> Costs:
    """What searching `source` by the index in `folder` costs on this machine; takes a few seconds for a million rows.

    Raises:
        CorruptFile, MissingDependency: see `open_index`.
    """
    index = open_index(folder, source.count, source.dim)
    probed = index if isinstance(index, ProbedIndex) else None
    return measure_costs(ExactSearch(source), probed, np.random.default_rng(seed), clock)
