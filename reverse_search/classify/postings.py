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
        """Observation rows and probabilities posted for X; a row may stand more than once between main ranks."""
        level, rank_level = 0, float(taxonomy.rank_levels[taxon])
        for index, rank in enumerate(MAIN_RANKS):
            if RANK_LEVELS[rank] <= rank_level:
                level = index + 1
                break
        start, stop = np.searchsorted(self.levels, np.array([level, level + 1], dtype=self.levels.dtype))
        nodes = self.nodes[start:stop]
        low, high = np.searchsorted(nodes, np.array([taxon, taxonomy.leave[taxon]], dtype=nodes.dtype))
        return self.observations[start + low : start + high], self.probabilities[start + low : start + high]


class PostingsBuilder:
    """Collects batches of scored observations."""

    def __init__(self, leaves: IntArray, taxonomy: Taxonomy) -> None:
        self._leaves = leaves
        self._groups = [RankGroups.covering(rank, leaves, taxonomy) for rank in MAIN_RANKS]
        self._parts: list[tuple[AnyArray, AnyArray, AnyArray, AnyArray]] = []

    def add(self, observations: IntArray, probabilities: FloatArray) -> None:
        """Take (n,) observation rows and their (n, n_leaves) probabilities."""
        if probabilities.shape[1] > TOP_LEAVES:
            cut = np.partition(probabilities, -TOP_LEAVES, axis=1)[:, -TOP_LEAVES, None]
            kept = np.where(probabilities >= cut, probabilities, 0)
        else:
            kept = probabilities
        self._take(0, self._leaves, observations, kept)
        for index, group in enumerate(self._groups):
            self._take(index + 1, group.nodes, observations, group.sums(probabilities))

    def _take(self, level: int, nodes: IntArray, observations: IntArray, probabilities: FloatArray) -> None:
        row, column = np.nonzero(probabilities >= LEAST_PROBABILITY)
        levels = np.full(len(row), level, dtype=np.int8)
        self._parts.append((levels, nodes[column], observations[row], probabilities[row, column]))

    def finish(self) -> Postings:
        """All batches, sorted."""
        if not self._parts:
            empty = np.zeros(0, dtype=np.int32)
            return Postings(empty.astype(np.int8), empty, empty, empty.astype(np.float32))
        levels, nodes, observations, probabilities = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        order = np.lexsort((observations, -probabilities, nodes, levels))
        return Postings(
            levels[order],
            nodes[order].astype(np.int32),
            observations[order].astype(np.int32),
            probabilities[order].astype(np.float32),
        )
