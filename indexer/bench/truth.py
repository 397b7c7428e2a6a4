"""What exact search would have found."""

from collections.abc import Sequence

import numpy as np

from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray
from reverse_search.generation.opened import Generation

BLOCK_ROWS = 8192


class Truth:
    """For some taxa, the maximum similarity of every observation's photos over the taxon's prototypes."""

    def __init__(self, index: Generation, prototypes: Sequence[FloatArray]) -> None:
        """Compare everything with everything, in one pass over the vectors.

        Args:
            index: whose vectors.
            prototypes: (m, dim) float32 of each taxon.
        """
        queries = np.concatenate(prototypes)
        starts = np.cumsum([0, *(len(p) for p in prototypes[:-1])])
        segments = index.vectors.segments
        by_vector = np.empty((len(prototypes), segments.count), dtype=np.float32)
        for start, vectors in segments.iter_blocks(BLOCK_ROWS):
            greatest = np.maximum.reduceat(vectors @ queries.T, starts, axis=1)
            by_vector[:, start : start + len(vectors)] = greatest.T
        self._by_vector = by_vector
        self._index = index

    def best(self, number: int, mask: BoolArray, k: int) -> IntArray:
        """The min(k, pool) observation rows most similar to a taxon's prototypes.

        Args:
            number: which taxon, as they were given.
            mask: (n_observations,) bool, the pool; every row of it has a photo.
            k: how many.
        """
        photos, observations = self._index.photos, self._index.observations
        rows = np.flatnonzero(mask)
        chosen, owner = photos.of_observations(rows, observations)
        if not len(rows):
            return rows
        values = self._by_vector[number, photos.vector_row[chosen]]
        greatest = np.maximum.reduceat(values, np.searchsorted(owner, np.arange(len(rows))))
        return rows[np.argsort(-greatest, kind="stable")[:k]]
