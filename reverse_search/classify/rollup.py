"""Sums of leaf probabilities up the tree."""

from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import AnyArray, FloatArray, IntArray
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.domain.words import RANK_LEVELS


@dataclass(frozen=True, eq=False)
class RankGroups:
    """The taxa of one rank that have leaves below them.

    Attributes:
        nodes: (n_groups,) int64, ascending.
        group_of_leaf: (n_leaves,) int64 index into `nodes`, -1 for a leaf whose lineage lacks the rank.
    """

    nodes: IntArray
    group_of_leaf: IntArray

    @classmethod
    def at(cls, rank: str, leaves: IntArray, taxonomy: Taxonomy) -> "RankGroups":
        """Group leaf nodes by their ancestor at `rank`; a leaf of that rank is its own group."""
        ancestors = np.array([taxonomy.ancestor_at(int(leaf), rank) for leaf in leaves], dtype=np.int64)
        nodes = np.unique(ancestors[ancestors >= 0])
        groups = np.where(ancestors >= 0, np.searchsorted(nodes, ancestors), -1)
        return cls(nodes=nodes, group_of_leaf=groups.astype(np.int64))

    @classmethod
    def covering(cls, rank: str, leaves: IntArray, taxonomy: Taxonomy) -> "RankGroups":
        """Group every leaf: by its coarsest ancestor no coarser than `rank`, or by itself where it is coarser.

        So the groups inside a subtree hold all of its leaves, each once, also where a lineage skips the rank.
        """
        level = RANK_LEVELS[rank]
        lineages = [taxonomy.lineage(int(leaf)) for leaf in leaves]
        heads = [next((n for n in line if taxonomy.rank_levels[n] <= level), line[-1]) for line in lineages]
        nodes, groups = np.unique(np.array(heads, dtype=np.int64), return_inverse=True)
        return cls(nodes=nodes, group_of_leaf=groups.astype(np.int64))

    def sums(self, probabilities: FloatArray) -> FloatArray:
        """(n, n_leaves) leaf probabilities → (n, n_groups) float32."""
        known = self.group_of_leaf >= 0
        order = np.argsort(self.group_of_leaf[known], kind="stable")
        if not len(order):
            return np.zeros((len(probabilities), 0), dtype=np.float32)
        groups = self.group_of_leaf[known][order]
        starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
        return np.add.reduceat(probabilities[:, known][:, order], starts, axis=1).astype(np.float32)


def subtree_leaves(taxon: int, leaves: IntArray, taxonomy: Taxonomy) -> slice:
    """The slice of ascending leaf nodes that lie in subtree(taxon)."""
    low, high = np.searchsorted(leaves, [taxon, int(taxonomy.leave[taxon])])
    return slice(int(low), int(high))


def logit(probability: AnyArray | float) -> AnyArray:
    """Log odds, finite: probabilities are clipped to [1e-7, 1 − 1e-7]."""
    clipped = np.clip(np.asarray(probability, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))
