"""What is known about (observation, X): classifier score, likeness to exemplars, and whether X is recorded nearby."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from reverse_search.classify.rollup import logit, subtree_leaves
from reverse_search.classify.similarity import best_photo_similarity, greatest, top_mean
from reverse_search.domain.arrays import AnyArray, BoolArray, DoubleArray, FloatArray, IntArray
from reverse_search.domain.catalogue import ObservationColumns
from reverse_search.geo.presence import OBSCURED_EXTRA_KM
from reverse_search.search.ports import Collection, ScoredIndex
from reverse_search.search.prepared import prepared

FEATURES = ("logit_classifier", "neighbour_similarity", "recorded_nearby")
EXEMPLAR_FEATURES = FEATURES[1:]
MAX_EXACT_LEAVES = 256
BATCH = 2048
KEPT_EXEMPLARS = 12
HALF_TRUSTED_RECORDS = 50
SHOWN_EXEMPLARS = 3


@dataclass(frozen=True, eq=False)
class Features:
    """Features of (n,) observations for one taxon.

    Attributes:
        classifier: (n,) float64 P(X | o) by the head; NaN when it doesn't know X.
        similarity: (n,) float32 mean cosine to the three most similar exemplars; -1 without exemplars.
        nearby: (n,) int8: 1 recorded nearby, -1 not, 0 can't say.
        absence: how much a missing record says, 0 to 1: little where X has few records anywhere.
        likeness: (n, n_exemplars) float32 cosine to each of X's exemplars.
    """

    classifier: DoubleArray
    similarity: FloatArray
    nearby: AnyArray
    absence: float
    likeness: FloatArray

    def matrix(self, knows_taxon: bool) -> DoubleArray:
        """(n, n_features) in the order of FEATURES, or of EXEMPLAR_FEATURES where the head doesn't know X."""
        columns = np.column_stack([logit(self.classifier), self.similarity, place_feature(self.nearby, self.absence)])
        return columns if knows_taxon else columns[:, 1:]

    def best_exemplars(self, places: IntArray) -> IntArray:
        """Index into X's exemplars, most similar first, for some of the observations: (m, up to KEPT_EXEMPLARS)."""
        _, best = greatest(self.likeness[places], KEPT_EXEMPLARS)
        return best


def radius_km(observations: ObservationColumns, rows: IntArray, base_km: float) -> DoubleArray:
    """Search radius around each observation: wider where its coordinates are obscured or inaccurate."""
    accuracy_km = np.maximum(observations.accuracy_m[rows], 0) / 1000
    extra = np.where(observations.obscured[rows] == 1, OBSCURED_EXTRA_KM, np.minimum(accuracy_km, OBSCURED_EXTRA_KM))
    return np.asarray(base_km + extra, dtype=np.float64)


class Recorded(Protocol):
    """Where one taxon has been recorded: `TaxonPresence` or `Places`."""

    @property
    def records(self) -> int:
        """How many records there are anywhere."""
        ...

    def near(
        self, latitudes: DoubleArray, longitudes: DoubleArray, observers: IntArray, radius_km: DoubleArray
    ) -> BoolArray:
        """Whether somebody else recorded it within the radius. All (n,)."""
        ...


def nearby(observations: ObservationColumns, rows: IntArray, presence: Recorded, base_km: float) -> AnyArray:
    """(n,) int8: 1 recorded within the radius by somebody else, -1 not, 0 where place says nothing.

    A captive organism's place is where somebody keeps it, and says nothing.
    """
    latitude, longitude = observations.latitude[rows], observations.longitude[rows]
    near = presence.near(latitude, longitude, observations.observer_id[rows], radius_km(observations, rows, base_km))
    silent = ~(np.isfinite(latitude) & np.isfinite(longitude)) | (observations.captive[rows] == 1)
    return np.where(silent, 0, np.where(near, 1, -1)).astype(np.int8)


def absence_weight(presence: Recorded) -> float:
    """How much it says that X is not recorded nearby: n / (n + 50) for n records anywhere."""
    return presence.records / (presence.records + HALF_TRUSTED_RECORDS)


def place_feature(near: AnyArray, absence: float) -> DoubleArray:
    """(n,) place evidence as the fusion takes it: 1 recorded nearby, down to -1 not, 0 where place says nothing."""
    return np.where(near < 0, -absence, near).astype(np.float64)


class FeatureReader:
    """Computes exact features from an index."""

    def __init__(self, index: ScoredIndex) -> None:
        self._index = index
        self._prepared = prepared(index)
        order = np.argsort(index.leaves, kind="stable")
        self._leaves, self._leaf_order = index.leaves[order], order

    def leaves_of(self, taxon: int) -> IntArray:
        """Indices of the head's leaves in subtree(taxon)."""
        return self._leaf_order[subtree_leaves(taxon, self._leaves, self._index.taxonomy)]

    def read(self, taxon: int, rows: IntArray, stored: DoubleArray | None) -> Features:
        """Features of observation rows; every row has a photo.

        Args:
            taxon: node of X.
            rows: (n,) observation rows.
            stored: (n,) stored P(X | o), used where X has more leaves than are worth an exact product.
        """
        index = self._index
        exemplars = index.vectors.gather(index.photos.vector_row[index.exemplars.of(taxon)])
        leaves = self.leaves_of(taxon)
        parts = [self._read_batch(rows[i : i + BATCH], leaves, exemplars) for i in range(0, max(len(rows), 1), BATCH)]
        classifier, likeness = (np.concatenate(column) for column in zip(*parts, strict=True))
        if stored is not None and len(leaves) > MAX_EXACT_LEAVES:
            classifier = stored
        presence = self._prepared.places(taxon, int(index.taxonomy.leave[taxon]))
        base_km = index.models.policy.radius_km
        near = nearby(index.observations, rows, presence, base_km)
        return Features(classifier, top_mean(likeness), near, absence_weight(presence), likeness)

    def _read_batch(self, rows: IntArray, leaves: IntArray, exemplars: FloatArray) -> tuple[DoubleArray, FloatArray]:
        photos, owner = self._index.photos.of_observations(rows, self._index.observations)
        vectors = self._index.vectors.gather(self._index.photos.vector_row[photos])
        starts = np.searchsorted(owner, np.arange(len(rows)))
        classifier = self._classifier(rows, photos, starts, vectors, leaves)
        return classifier, best_photo_similarity(vectors, starts, exemplars)

    def _classifier(
        self, rows: IntArray, photos: IntArray, starts: IntArray, vectors: FloatArray, leaves: IntArray
    ) -> DoubleArray:
        if not len(leaves):
            return np.full(len(rows), np.nan)
        if len(leaves) > MAX_EXACT_LEAVES or not len(rows):
            return np.zeros(len(rows))
        scores, head = self._index.scores, self._index.models.head
        per_photo = head.leaf_log_probabilities(vectors, scores.photo_partition[photos], leaves)
        summed = np.add.reduceat(per_photo * scores.photo_weight[photos][:, None], starts, axis=0)
        log_p = summed - scores.observation_partition[rows][:, None]
        return np.asarray(np.minimum(np.exp(log_p.astype(np.float64)).sum(axis=1), 1.0))


def distinct_exemplars(collection: Collection, photos: IntArray, observer_id: int) -> IntArray:
    """The first photo rows of distinct observers, three at most, none by `observer_id` unless there are no others."""
    observers = collection.observations.observer_id[collection.photos.observation[photos]]
    return photos[first_of_distinct(observers.tolist(), observer_id)]


def first_of_distinct(observers: Sequence[int], observer_id: int) -> list[int]:
    """Places of the first exemplar of each observer, three at most: none by `observer_id` if there are others."""
    first: dict[int, int] = {}
    for place, observer in enumerate(observers):
        first.setdefault(observer, place)
    others = [place for observer, place in first.items() if observer != observer_id]
    return (others or list(first.values())[:1])[:SHOWN_EXEMPLARS]


def likeness_to_proposals(
    collection: Collection, rows: IntArray, nodes: IntArray, folds: AnyArray | None = None
) -> tuple[FloatArray, IntArray]:
    """How alike observations are to the exemplars of the taxon proposed for each.

    Args:
        collection: where the photos are.
        rows: (n,) observation rows, all with a photo.
        nodes: (n,) proposed node, -1 for none.
        folds: (n_observations,) fold of every observation; exemplars of an observation's own fold then don't count.

    Returns:
        (n,) float32 mean similarity to the three most similar exemplars, -1 without; and (n, KEPT_EXEMPLARS) int64
        photo rows, most similar first, -1 where there are fewer.
    """
    likeness = np.full(len(rows), -1, dtype=np.float32)
    best = np.full((len(rows), KEPT_EXEMPLARS), -1, dtype=np.int64)
    for node in np.unique(nodes[nodes >= 0]):
        members = np.flatnonzero(nodes == node)
        exemplars = collection.exemplars.of(int(node))
        exemplar_vectors = collection.vectors.gather(collection.photos.vector_row[exemplars])
        exemplar_folds = None if folds is None else folds[collection.photos.observation[exemplars]]
        for part in (members[i : i + BATCH] for i in range(0, len(members), BATCH)):
            photos, owner = collection.photos.of_observations(rows[part], collection.observations)
            vectors = collection.vectors.gather(collection.photos.vector_row[photos])
            alike = best_photo_similarity(vectors, np.searchsorted(owner, np.arange(len(part))), exemplar_vectors)
            if folds is not None:
                alike = np.where(exemplar_folds == folds[rows[part]][:, None], np.float32(-2), alike)
            likeness[part] = top_mean(alike, alike > -2)
            _, index = greatest(alike, KEPT_EXEMPLARS)
            best[part, : index.shape[1]] = exemplars[index]
    return likeness, best


def keep_true(mask: BoolArray) -> IntArray:
    """Rows where a mask holds, int64."""
    return np.flatnonzero(mask).astype(np.int64)
