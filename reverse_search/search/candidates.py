"""Which observations of a pool are worth exact features: by stored scores, and by nearness to X's exemplars."""

from typing import Any

import numpy as np

from reverse_search.domain.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from reverse_search.search.features import FeatureReader, keep_true
from reverse_search.search.pool import Pool
from reverse_search.search.ports import ServedIndex
from reverse_search.search.prepared import prepared
from reverse_search.search.query import TaxonQuery
from reverse_search.vectors.kmeans import spherical_kmeans

MIN_CANDIDATES = 1000
"""Pools up to this size are scored exactly, whole; of larger ones at least so many by stored scores."""
MIN_NEIGHBOURS = 200
"""Photos near X's prototypes, at least: they are those of some 150 observations."""
PROTOTYPES_A_CHILD, MOST_PROTOTYPES, FEWEST_PROTOTYPES = 4, 64, 8
BLOCK = 32_768
Plan = dict[str, Any]


class CandidateFinder:
    """Finds candidates in one index."""

    def __init__(self, index: ServedIndex, features: FeatureReader) -> None:
        self._index = index
        self._features = features
        self._prepared = prepared(index)

    def find(self, taxon: int, pool: Pool, query: TaxonQuery) -> tuple[IntArray, Plan]:
        """Observation rows worth exact features, ascending, and how they were found.

        The whole pool if it is small, else the best by either way. Of a kind that is asked for there are always as many
        as the page needs; of the other kinds, which are only counted, the best by stored scores.
        """
        needed = query.offset + query.limit
        wanted = max(MIN_CANDIDATES, 2 * needed)
        size = int(np.count_nonzero(pool.mask))
        if size <= wanted:
            return keep_true(pool.mask), {"path": "exact" if size else "empty", "pool_size": size, "exact": True}
        found = [self._posted(taxon, pool.mask, wanted)]
        if query.kind is None:
            more, plan = self._neighbours(taxon, pool.mask, needed)
        else:
            more, plan = self._of_kind(taxon, pool.of_kind(query.kind), wanted, needed)
        return np.unique(np.concatenate([*found, more])), plan

    def stored(self, taxon: int, rows: IntArray) -> DoubleArray:
        """(n,) stored P(X | o) of observation rows, ascending and each once."""
        posted, probabilities = self._index.postings.best(taxon, self._index.taxonomy)
        if len(posted) < len(self._index.observations) // 16:
            place = np.minimum(np.searchsorted(rows.astype(posted.dtype), posted), max(len(rows) - 1, 0))
            known = rows[place] == posted if len(rows) else np.zeros(len(posted), dtype=np.bool_)
            total = np.bincount(place[known], weights=probabilities[known], minlength=len(rows))
        else:
            total = np.bincount(posted, weights=probabilities, minlength=len(self._index.observations))[rows]
        return np.asarray(np.minimum(total, 1.0), dtype=np.float64)

    def prototypes(self, taxon: int) -> FloatArray:
        """(m, dim) float32 unit rows that stand for X, 64 at most: of its exemplars, or else of its leaves."""
        return self._prepared.prototypes.get(taxon, lambda: self._make_prototypes(taxon))

    def _of_kind(self, taxon: int, mask: BoolArray, wanted: int, needed: int) -> tuple[IntArray, Plan]:
        size = int(np.count_nonzero(mask))
        if size <= wanted:
            return keep_true(mask), {"path": "exact" if size else "empty", "pool_size": size, "exact": True}
        near, plan = self._neighbours(taxon, mask, needed)
        return np.concatenate([self._posted(taxon, mask, wanted), near]), plan

    def _posted(self, taxon: int, mask: BoolArray, wanted: int) -> IntArray:
        """Up to `wanted` observations of the mask with the greatest stored P(X | o)."""
        posted, _ = self._index.postings.best(taxon, self._index.taxonomy)
        found: list[IntArray] = []
        missing = wanted
        for start in range(0, len(posted), BLOCK):
            block = posted[start : start + BLOCK]
            found.append(block[mask[block]][:missing].astype(np.int64))
            missing -= len(found[-1])
            if not missing:
                break
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def _neighbours(self, taxon: int, mask: BoolArray, needed: int) -> tuple[IntArray, Plan]:
        """At least `needed` observations of the mask nearest to X's prototypes (there are more than that)."""
        index, owners = self._index, self._prepared.owners
        prototypes = self.prototypes(taxon)
        in_pool = owners.vectors_of(mask, index.photos, index.observations)
        k = max(MIN_NEIGHBOURS, 2 * needed)
        while True:
            vector_rows, plan = index.vectors.nearest(prototypes, k, in_pool)
            seen = owners.owners_of(vector_rows)
            seen = seen[mask[seen]]
            # Several photos of one observation use up places: ask for more until enough observations are there.
            if len(seen) >= needed or len(vector_rows) < k:
                return seen, dict(plan)
            k *= 2

    def _make_prototypes(self, taxon: int) -> FloatArray:
        index, taxonomy = self._index, self._index.taxonomy
        below = taxonomy.parents[taxon : int(taxonomy.leave[taxon])]
        children = np.flatnonzero(below == taxon) + taxon
        known = int(np.isin(children, index.exemplars.nodes).sum())
        number = min(MOST_PROTOTYPES, max(FEWEST_PROTOTYPES, PROTOTYPES_A_CHILD * known))
        exemplars = index.vectors.gather(index.photos.vector_row[index.exemplars.of(taxon)])
        if not len(exemplars):
            weights = index.models.head.weights[self._features.leaves_of(taxon)]
            exemplars = weights / np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)
        return spherical_kmeans(np.asarray(exemplars, dtype=np.float32), min(number, len(exemplars)))
