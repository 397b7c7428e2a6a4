"""The fusion, fitted on held-out pairs (observation, taxon) as a search would meet them."""

from dataclasses import dataclass

import numpy as np

from reverse_search.classify.fusion import Fusion, fit_fusion
from reverse_search.classify.gate import GatePolicy
from reverse_search.classify.rollup import logit, subtree_leaves
from reverse_search.classify.similarity import best_photo_similarity, top_mean
from reverse_search.domain.arrays import AnyArray, DoubleArray, FloatArray, IntArray
from reverse_search.domain.words import RANK_LEVELS
from reverse_search.search.features import EXEMPLAR_FEATURES, FEATURES, nearby
from reverse_search.search.ports import Collection

from indexer.train.gate import HeldOut  # isort: skip

MAX_TAXA = 400
MAX_OBSERVATIONS = 20_000
HARD_NEGATIVES = 100
EASY_NEGATIVES = 200
UNFITTED = Fusion(FEATURES, (1.0, 0.0, 0.0), 0.0)
UNFITTED_EXEMPLARS = Fusion(EXEMPLAR_FEATURES, (10.0, 0.0), -8.0)
"""Used where there is nothing verified to fit on: the classifier's own word, or plain likeness."""


@dataclass(frozen=True, eq=False)
class _Pairs:
    features: DoubleArray
    positive: AnyArray
    weights: DoubleArray


def fit_fusions(collection: Collection, held_out: HeldOut, policy: GatePolicy) -> tuple[Fusion, Fusion]:
    """The fusion for taxa that the head knows, and the one for taxa that only exemplars stand for."""
    step = max(1, -(-len(held_out.rows) // MAX_OBSERVATIONS))
    chosen = np.arange(0, len(held_out.rows), step)
    rows = held_out.rows[chosen]
    photos, owner = collection.photos.of_observations(rows, collection.observations)
    vectors = collection.vectors.gather(collection.photos.vector_row[photos])
    starts = np.searchsorted(owner, np.arange(len(rows)))
    sampler = _Sampler(collection, held_out, policy, rows, vectors, starts, held_out.known[0][chosen])
    parts = [pairs for taxon in choose_taxa(collection) if (pairs := sampler.pairs(taxon)) is not None]
    if not parts or not sum(part.positive.sum() for part in parts):
        return UNFITTED, UNFITTED_EXEMPLARS
    features, positive, weights = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("features", "positive", "weights")
    )
    known = np.isfinite(features[:, 0])
    fusion = fit_fusion(features[known], positive[known], weights[known], FEATURES) if known.any() else UNFITTED
    return fusion, fit_fusion(features[:, 1:], positive, weights, EXEMPLAR_FEATURES)


def choose_taxa(collection: Collection) -> IntArray:
    """Taxa that have exemplars, species to order, evenly thinned."""
    nodes = np.asarray(collection.exemplars.nodes, dtype=np.int64)
    nodes = nodes[collection.taxonomy.rank_levels[nodes] <= RANK_LEVELS["order"]]
    return nodes[:: max(1, -(-len(nodes) // MAX_TAXA))]


@dataclass(frozen=True, eq=False)
class _Sampler:
    collection: Collection
    held_out: HeldOut
    policy: GatePolicy
    rows: IntArray
    vectors: FloatArray
    starts: IntArray
    probabilities: FloatArray

    def pairs(self, taxon: int) -> _Pairs | None:
        """All positives of a taxon, its hardest negatives, and a sample of the others, weighted for all of them."""
        taxonomy = self.collection.taxonomy
        labels = self.collection.observations.label[self.rows]
        positive = (labels >= taxon) & (labels < taxonomy.leave[taxon])
        # A label above X may be X: neither a positive nor a negative.
        unclear = np.isin(labels, taxonomy.lineage(taxon)[:-1])
        if not positive.any():
            return None
        features = self._features(taxon)
        score = np.nan_to_num(features[:, 0], nan=0.0) + 10 * features[:, 1]
        negatives = np.flatnonzero(~positive & ~unclear)
        negatives = negatives[np.argsort(-score[negatives], kind="stable")]
        hard, rest = negatives[:HARD_NEGATIVES], negatives[HARD_NEGATIVES:]
        easy = rest[:: max(1, len(rest) // EASY_NEGATIVES)]
        chosen = np.concatenate([np.flatnonzero(positive), hard, easy])
        weights = np.ones(len(chosen))
        if len(easy):
            weights[-len(easy) :] = len(rest) / len(easy)
        return _Pairs(features[chosen], positive[chosen], weights)

    def _features(self, taxon: int) -> DoubleArray:
        collection, held_out = self.collection, self.held_out
        exemplars = collection.exemplars.of(taxon)
        alike = best_photo_similarity(
            self.vectors, self.starts, collection.vectors.gather(collection.photos.vector_row[exemplars])
        )
        others = held_out.folds[collection.photos.observation[exemplars]] != held_out.folds[self.rows][:, None]
        leaves = subtree_leaves(taxon, held_out.leaves, collection.taxonomy)
        known = leaves.stop > leaves.start
        classifier = logit(self.probabilities[:, leaves].sum(axis=1)) if known else np.full(len(self.rows), np.nan)
        presence = collection.presence.of(taxon, int(collection.taxonomy.leave[taxon]))
        near = nearby(collection.observations, self.rows, presence, self.policy.radius_km)
        return np.column_stack([classifier, top_mean(alike, others), near]).astype(np.float64)
