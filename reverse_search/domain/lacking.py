"""The lacks-X rule on columns: the same answer as `evidence.py`, for all observations at once."""

from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import AnyArray, BoolArray, FloatArray, Int32Array
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.domain.words import Kind

HAS_IDENTIFICATION = -1
KIND_CODES: dict[Kind, int] = {Kind.UNKNOWN: 0, Kind.COARSE: 1, Kind.CONFLICTING: 2}
KINDS: tuple[Kind, ...] = tuple(KIND_CODES)


@dataclass(frozen=True, eq=False)
class IdentificationColumns:
    """The evidence of all observations, sorted by node, so that "has an ID in subtree(X)" is one slice.

    Attributes:
        nodes: (m,) int32 ascending nodes of E(o), -1 for a taxon that the taxonomy doesn't know.
        observations: (m,) int32 observation rows.
        said: (n_observations,) int32 size of E(o) without Life.
        finest_level: (n_observations,) float32 rank level of the finest taxon in E(o); inf for an Unknown, 0 where
            it holds an unknown taxon.
        denied: (k,) int32 ascending nodes P that somebody explicitly disagreed with.
        denied_observations: (k,) int32 observation rows.
    """

    nodes: Int32Array
    observations: Int32Array
    said: Int32Array
    finest_level: FloatArray
    denied: Int32Array
    denied_observations: Int32Array

    @classmethod
    def from_pairs(
        cls,
        evidence: tuple[AnyArray, AnyArray],
        denied: tuple[AnyArray, AnyArray],
        n_observations: int,
        taxonomy: Taxonomy,
    ) -> "IdentificationColumns":
        """Build from (observation row, node) pairs of evidence and (observation row, P) pairs of denials."""
        rows, nodes = _unique_pairs(*evidence)
        denied_rows, denied_nodes = _unique_pairs(*denied)
        meant = nodes != taxonomy.life if taxonomy.life >= 0 else np.ones(len(nodes), dtype=np.bool_)
        levels = np.append(taxonomy.rank_levels, np.float32(0))[nodes]
        finest = np.full(n_observations, np.inf, dtype=np.float32)
        np.minimum.at(finest, rows[meant], levels[meant])
        return cls(
            nodes=nodes,
            observations=rows,
            said=np.bincount(rows[meant], minlength=n_observations).astype(np.int32),
            finest_level=finest,
            denied=denied_nodes,
            denied_observations=denied_rows,
        )

    def kinds(self, taxon: int, taxonomy: Taxonomy) -> AnyArray:
        """(n_observations,) int8: a code of KIND_CODES, or HAS_IDENTIFICATION where the observation has the ID."""
        kinds = np.where(self.said == 0, np.int8(KIND_CODES[Kind.UNKNOWN]), np.int8(KIND_CODES[Kind.CONFLICTING]))
        # An observation is at most once in a span, so that counting needs no more than a plain addition.
        spans = [self._said_to_be(a, a + 1) for a in taxonomy.lineage(taxon)[:-1] if a != taxonomy.life]
        agreeing = np.zeros(len(self.said), dtype=self.said.dtype)
        for rows in spans:
            agreeing[rows] += 1
        for rows in spans:
            kinds[rows[agreeing[rows] == self.said[rows]]] = KIND_CODES[Kind.COARSE]
        kinds[self._said_to_be(taxon, int(taxonomy.leave[taxon]))] = HAS_IDENTIFICATION
        return kinds

    def rejected(self, taxon: int, taxonomy: Taxonomy) -> BoolArray:
        """(n_observations,) bool: somebody's disagreement rules X out."""
        mask = np.zeros(len(self.said), dtype=np.bool_)
        for ancestor in taxonomy.lineage(taxon):
            mask[self.denied_observations[self._slice(self.denied, ancestor, ancestor + 1)]] = True
        return mask

    def is_unknown(self) -> BoolArray:
        """(n_observations,) bool: nothing but Life has been said."""
        return np.asarray(self.said == 0)

    def is_no_finer_than(self, rank_level: float) -> BoolArray:
        """(n_observations,) bool: identified, and nowhere finer than `rank_level`."""
        return (self.said > 0) & (self.finest_level >= rank_level)

    def _said_to_be(self, low: int, high: int) -> AnyArray:
        """Rows of which a node from `low` to below `high` has been said."""
        return self.observations[self._slice(self.nodes, low, high)]

    @staticmethod
    def _slice(column: Int32Array, low: int, high: int) -> slice:
        # Bounds of the column's own type: searchsorted would copy the whole column to int64 otherwise.
        start, stop = np.searchsorted(column, np.array([low, high], dtype=column.dtype))
        return slice(int(start), int(stop))


def _unique_pairs(rows: AnyArray, nodes: AnyArray) -> tuple[Int32Array, Int32Array]:
    """Distinct pairs, sorted by node, then row."""
    pairs = np.unique(np.column_stack([nodes, rows]).astype(np.int64).reshape(-1, 2), axis=0)
    return pairs[:, 1].astype(np.int32), pairs[:, 0].astype(np.int32)
