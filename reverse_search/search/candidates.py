"""Which observations of a pool are worth exact features: by stored scores, and by nearness to X's exemplars."""

from typing import Any

import numpy as np

from reverse_search.domain.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from reverse_search.search.features import FeatureReader, keep_true
from reverse_search.search.pool import Pool
from reverse_search.search.ports import ServedIndex
from reverse_search.search.query import TaxonQuery
from reverse_search.vectors.kmeans import spherical_kmeans

MIN_CANDIDATES = 4000
"""Pools up to this size are scored exactly, whole; of larger ones at least this many by each way of finding them."""
MAX_PROBES = 8
Plan = dict[str, Any]


class CandidateFinder:
    """Finds candidates in one index."""

    def __init__(self, index: ServedIndex, features: FeatureReader) -> None:
        self._index = index
        self._features = features

    def find(self, taxon: int, pool: Pool, query: TaxonQuery) -> tuple[IntArray, Plan]:
        """Observation rows worth exact features, ascending, and how they were found.

        The whole pool if it is small, else the best by either way, of all kinds and of the kind that is asked for.
        """
        wanted = max(MIN_CANDIDATES, 2 * (query.offset + query.limit))
        plan: Plan = {}
        found = [self._find(taxon, pool.mask, wanted, plan)]
        if query.kind is not None:
            found.append(self._find(taxon, pool.of_kind(query.kind), wanted, plan))
        return np.unique(np.concatenate(found)), plan

    def stored(self, taxon: int, rows: IntArray) -> DoubleArray:
        """(n,) stored P(X | o) of observation rows."""
        posted, probabilities = self._index.postings.best(taxon, self._index.taxonomy)
        total = np.bincount(posted, weights=probabilities, minlength=len(self._index.observations))
        return np.minimum(total[rows], 1.0)

    def _find(self, taxon: int, mask: BoolArray, wanted: int, plan: Plan) -> IntArray:
        size = int(mask.sum())
        if size <= wanted:
            plan.update({"path": "exact" if size else "empty", "pool_size": size, "exact": True})
            return keep_true(mask)
        posted, _ = self._index.postings.best(taxon, self._index.taxonomy)
        posted = posted[mask[posted]][:wanted].astype(np.int64)
        return np.concatenate([posted, self._neighbours(taxon, mask, wanted, plan)])

    def _neighbours(self, taxon: int, mask: BoolArray, wanted: int, plan: Plan) -> IntArray:
        """At least `wanted` observations of the mask nearest to X's prototypes (there are more than that)."""
        index = self._index
        prototypes = self._prototypes(taxon)
        in_pool = np.zeros(int(index.photos.vector_row.max()) + 1, dtype=np.bool_)
        in_pool[index.photos.vector_row[mask[index.photos.observation]]] = True
        k = wanted
        while True:
            vector_rows, how = index.vectors.nearest(prototypes, k, in_pool)
            seen = np.unique(index.photos.observation[index.photos.with_vectors(vector_rows)]).astype(np.int64)
            seen = seen[mask[seen]]
            plan.update(how)
            # Several photos of one observation use up places: ask for more until enough observations are there.
            if len(seen) >= wanted or len(vector_rows) < k:
                return seen
            k *= 2

    def _prototypes(self, taxon: int) -> FloatArray:
        index = self._index
        exemplars = index.vectors.gather(index.photos.vector_row[index.exemplars.of(taxon)])
        if not len(exemplars):
            weights = index.models.head.weights[self._features.leaves_of(taxon)]
            exemplars = weights / np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)
        return spherical_kmeans(np.asarray(exemplars, dtype=np.float32), min(MAX_PROBES, len(exemplars)))
