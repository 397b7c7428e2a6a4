"""The scoring step: what the head says of every observation, stored so that search finds it as a slice."""

from collections.abc import Callable

import numpy as np

from reverse_search.classify.head import Head
from reverse_search.classify.pooling import ScoreColumns, pool_photos
from reverse_search.classify.postings import Postings, PostingsBuilder
from reverse_search.domain.arrays import IntArray
from reverse_search.search.features import keep_true
from reverse_search.search.ports import Collection

CELLS_A_BATCH = 2_000_000
"""Observations times leaves: pieces that stay in the cache take half the time of four times larger ones."""
Progress = Callable[[int, int], None]


def score_all(
    collection: Collection, head: Head, leaves: IntArray, progress: Progress
) -> tuple[ScoreColumns, Postings]:
    """Score every observation that has a photo.

    Args:
        collection: what is known.
        head: the head.
        leaves: (n_leaves,) node of each of its leaves.
        progress: told (done, all) observations.
    """
    observations, photos = collection.observations, collection.photos
    rows = keep_true(observations.has_photo())
    scores = ScoreColumns(
        photo_partition=np.zeros(len(photos), dtype=np.float32),
        photo_weight=np.zeros(len(photos), dtype=np.float32),
        observation_partition=np.zeros(len(observations), dtype=np.float32),
    )
    builder = PostingsBuilder(leaves, collection.taxonomy)
    size = max(1, CELLS_A_BATCH // max(len(head), 1))
    for begin in range(0, len(rows) if len(head) else 0, size):
        batch = rows[begin : begin + size]
        photo_rows, owner = photos.of_observations(batch, observations)
        vectors = collection.vectors.gather(photos.vector_row[photo_rows])
        log_p, partition = head.log_probabilities(vectors)
        pooled = pool_photos(log_p, np.searchsorted(owner, np.arange(len(batch))))
        scores.photo_partition[photo_rows] = partition
        scores.photo_weight[photo_rows] = pooled.photo_weights
        scores.observation_partition[batch] = pooled.log_partition
        builder.add(batch, np.exp(pooled.log_probabilities))
        progress(min(begin + size, len(rows)), len(rows))
    return scores, builder.finish()
