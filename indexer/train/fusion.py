"""The fusion, fitted on held-out pairs (observation, taxon) as a search would meet them."""

from dataclasses import dataclass

import numpy as np

from indexer.train.gate import HeldOut
from reverse_search.classify.fusion import Fusion, fit_fusion
from reverse_search.classify.gate import GatePolicy
from reverse_search.classify.rollup import logit, subtree_leaves
from reverse_search.classify.similarity import best_photo_similarity, top_mean
from reverse_search.domain.arrays import AnyArray, BoolArray, DoubleArray, FloatArray, IntArray
from reverse_search.domain.words import RANK_LEVELS
from reverse_search.search.features import EXEMPLAR_FEATURES, FEATURES, absence_weight, nearby, place_feature
from reverse_search.search.ports import Collection

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


MIN_POSITIVES = 30
"""With fewer, rare taxa go by the fusion of all taxa."""


@dataclass(frozen=True, slots=True)
class Fusions:
    """One fusion for each way that a head may know a taxon: trained, imprinted only, or not at all."""

    trained: Fusion
    provisional: Fusion
    exemplars: Fusion


def fit_fusions(collection: Collection, held_out: HeldOut, provisional: BoolArray, policy: GatePolicy) -> Fusions:
    """Fit all three. What a score or a record says differs between a taxon with 200 photos and one with five."""
    step = max(1, -(-len(held_out.rows) // MAX_OBSERVATIONS))
    chosen = np.arange(0, len(held_out.rows), step)
    rows = held_out.rows[chosen]
    photos, owner = collection.photos.of_observations(rows, collection.observations)
    vectors = collection.vectors.gather(collection.photos.vector_row[photos])
    starts = np.searchsorted(owner, np.arange(len(rows)))
    sampler = _Sampler(collection, held_out, policy, rows, vectors, starts, held_out.known[0][chosen])
    taxa = choose_taxa(collection)
    parts = [(sampler.pairs(int(taxon)), _is_rare(int(taxon), held_out, provisional, collection)) for taxon in taxa]
    pairs = [p for p, _ in parts if p is not None]
    rare = [p for p, is_rare in parts if p is not None and is_rare]
    trained = _fit(pairs, UNFITTED, UNFITTED)
    return Fusions(
        trained=trained, provisional=_fit(rare, UNFITTED, trained), exemplars=_fit(pairs, UNFITTED_EXEMPLARS, UNFITTED)
    )


def _is_rare(taxon: int, held_out: HeldOut, provisional: BoolArray, collection: Collection) -> bool:
    leaves = subtree_leaves(taxon, held_out.leaves, collection.taxonomy)
    return leaves.stop > leaves.start and bool(provisional[leaves].all())


def _fit(parts: list[_Pairs], shape: Fusion, otherwise: Fusion) -> Fusion:
    """Fit the last features of FEATURES that `shape` names; `otherwise` where there is too little to fit on."""
    if sum(int(part.positive.sum()) for part in parts) < MIN_POSITIVES:
        return otherwise if otherwise.names == shape.names else shape
    features, positive, weights = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("features", "positive", "weights")
    )
    features = features[:, -len(shape.names) :]
    known = np.isfinite(features).all(axis=1)
    return fit_fusion(features[known], positive[known], weights[known], shape.names) if known.any() else otherwise


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
        place = place_feature(near, absence_weight(presence))
        return np.column_stack([classifier, top_mean(alike, others), place]).astype(np.float64)
