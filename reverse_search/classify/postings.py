"""Stored scores, sorted by taxon, so that "scores for X" is one contiguous slice at any rank."""

from dataclasses import dataclass

import numpy as np

from reverse_search.classify.rollup import RankGroups
from reverse_search.domain.arrays import AnyArray, FloatArray, Int32Array, IntArray
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.domain.words import MAIN_RANKS, RANK_LEVELS

TOP_LEAVES = 16
LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True, eq=False)
class Postings:
    """(node, observation, probability), sorted by (level, node, −probability).

    The finest level holds each observation's best leaves, the others its sums at each main rank, so that cutting off
    small leaves never hides a family.

    Attributes:
        levels: (n,) int8: 0 for leaves, then 1 + index into MAIN_RANKS.
        nodes: (n,) int32.
        observations: (n,) int32.
        probabilities: (n,) float32.
    """

    levels: AnyArray
    nodes: Int32Array
    observations: Int32Array
    probabilities: FloatArray

    def best(self, taxon: int, taxonomy: Taxonomy) -> tuple[Int32Array, FloatArray]:
        """Observation rows, each once, and probabilities posted for X, the greatest first."""
        level, rank_level = 0, float(taxonomy.rank_levels[taxon])
        for index, rank in enumerate(MAIN_RANKS):
            if RANK_LEVELS[rank] <= rank_level:
                level = index + 1
                break
        start, stop = np.searchsorted(self.levels, np.array([level, level + 1], dtype=self.levels.dtype))
        nodes = self.nodes[start:stop]
        low, high = np.searchsorted(nodes, np.array([taxon, taxonomy.leave[taxon]], dtype=nodes.dtype))
        rows = np.asarray(self.observations[start + low : start + high])
        probabilities = np.asarray(self.probabilities[start + low : start + high])
        if low == high or nodes[low] == nodes[high - 1]:
            return rows, probabilities
        return _summed(rows, probabilities)


def _summed(rows: Int32Array, probabilities: FloatArray) -> tuple[Int32Array, FloatArray]:
    """Between main ranks X is several nodes: their sums by row, the greatest first."""
    total = np.bincount(rows, weights=probabilities).astype(np.float32)
    posted = np.flatnonzero(total).astype(np.int32)
    order = np.lexsort((posted, -total[posted]))
    return posted[order], total[posted[order]]


class PostingsBuilder:
    """Collects batches of scored observations."""

    def __init__(self, leaves: IntArray, taxonomy: Taxonomy) -> None:
        self._leaves = leaves
        self._sums = _LadderOfSums(leaves, taxonomy)
        self._parts: list[tuple[AnyArray, AnyArray, AnyArray, AnyArray]] = []

    def add(self, observations: IntArray, probabilities: FloatArray) -> None:
        """Take (n,) observation rows and their (n, n_leaves) probabilities."""
        row, column = np.nonzero(probabilities >= LEAST_PROBABILITY)
        kept = _among_best(row, probabilities[row, column])
        self._take(0, self._leaves, observations, (row[kept], column[kept], probabilities[row[kept], column[kept]]))
        for level, (nodes, sums) in enumerate(self._sums.climb(probabilities), start=1):
            row, column = np.nonzero(sums >= LEAST_PROBABILITY)
            self._take(level, nodes, observations, (row, column, sums[row, column]))

    def _take(
        self, level: int, nodes: IntArray, observations: IntArray, found: tuple[IntArray, IntArray, FloatArray]
    ) -> None:
        row, column, values = found
        levels = np.full(len(row), level, dtype=np.int8)
        self._parts.append((levels, nodes[column].astype(np.int32), observations[row].astype(np.int32), values))

    def finish(self) -> Postings:
        """All batches, sorted."""
        if not self._parts:
            empty = np.zeros(0, dtype=np.int32)
            return Postings(empty.astype(np.int8), empty, empty, empty.astype(np.float32))
        levels, nodes, observations, probabilities = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        order = np.lexsort((observations, -probabilities, nodes, levels))
        return Postings(levels[order], nodes[order], observations[order], probabilities[order])


class _LadderOfSums:
    """Sums at every main rank, each from those of the rank below it, so that leaves are read only once."""

    def __init__(self, leaves: IntArray, taxonomy: Taxonomy) -> None:
        finest_first = sorted(range(len(MAIN_RANKS)), key=lambda i: RANK_LEVELS[MAIN_RANKS[i]])
        groups = [RankGroups.covering(MAIN_RANKS[i], leaves, taxonomy) for i in finest_first]
        # Groups of one rank lie within those of the next: sorted by the coarsest, all are consecutive.
        order = np.lexsort([g.group_of_leaf for g in groups])
        self._order = None if np.array_equal(order, np.arange(len(order))) else order
        self._steps: list[tuple[int, IntArray, IntArray]] = []
        below = np.arange(len(leaves))
        for index, group in zip(finest_first, groups, strict=True):
            of_leaf = group.group_of_leaf[order]
            starts = np.flatnonzero(np.r_[True, of_leaf[1:] != of_leaf[:-1]][: len(of_leaf)])
            self._steps.append((index, group.nodes[of_leaf[starts]], np.searchsorted(below, starts)))
            below = starts

    def climb(self, probabilities: FloatArray) -> list[tuple[IntArray, FloatArray]]:
        """(nodes, sums) for each of MAIN_RANKS in turn: (n, n_leaves) → (n, n_groups) float32."""
        climbed: dict[int, tuple[IntArray, FloatArray]] = {}
        sums = probabilities if self._order is None else probabilities[:, self._order]
        for index, nodes, starts in self._steps:
            if len(starts) < sums.shape[1]:
                sums = np.add.reduceat(sums, starts, axis=1)
            climbed[index] = nodes, sums
        return [climbed[index] for index in range(len(MAIN_RANKS))]


def _among_best(rows: IntArray, values: FloatArray) -> IntArray:
    """Places of the values that are among the TOP_LEAVES greatest of their row, ties included; rows ascend."""
    counts = np.bincount(rows) if len(rows) else np.zeros(0, dtype=np.int64)
    if not (counts > TOP_LEAVES).any():
        return np.arange(len(rows))
    order = np.lexsort((-values, rows))
    starts = np.cumsum(counts) - counts
    last = order[np.minimum(starts + TOP_LEAVES - 1, np.maximum(starts + counts - 1, 0))]
    return np.flatnonzero(values >= values[last][rows])
