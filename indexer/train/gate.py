"""The gate's threshold, from held-out predictions."""

from dataclasses import dataclass

import numpy as np

from reverse_search.classify.fusion import Fusion, fit_fusion
from reverse_search.classify.gate import (
    ASSURANCE_FEATURES,
    Certificate,
    GateEvidence,
    GatePolicy,
    Proposals,
    certify,
    is_wrong,
    novelty_floor,
    propose,
)
from reverse_search.domain.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from reverse_search.search.features import likeness_to_proposals
from reverse_search.search.ports import Collection


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions for verified observations by heads that saw neither them nor their observers.

    Attributes:
        rows: (n,) int64 observation rows.
        folds: (n_observations,) int64 fold of every observation of the collection.
        leaves: (n_leaves,) int64 ascending nodes.
        known: (n, n_leaves) float32 probabilities and (n,) greatest log-partitions by the fold heads.
        novel: the same by heads that have never seen the observation's family.
    """

    rows: IntArray
    folds: IntArray
    leaves: IntArray
    known: tuple[FloatArray, FloatArray]
    novel: tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class GateFit:
    """The threshold and what was found on the way."""

    certificate: Certificate
    assurance: Fusion
    similarity_floor: float
    partition_floor: float
    measured: dict[str, float]


@dataclass(frozen=True, eq=False)
class _Judged:
    proposals: Proposals
    likeness: FloatArray
    partition: FloatArray
    wrong: BoolArray

    def features(self) -> DoubleArray:
        return self.proposals.features(self.likeness)

    def passes(self, similarity_floor: float, partition_floor: float) -> BoolArray:
        known = self.proposals.nodes >= 0
        return known & (self.likeness >= similarity_floor) & (self.partition >= partition_floor)


def fit_gate(collection: Collection, held_out: HeldOut, policy: GatePolicy) -> GateFit:
    """Novelty floors first, then how sure a proposal is, then the threshold of what passes."""
    known, novel = (_judge(collection, held_out, p, policy) for p in (held_out.known, held_out.novel))
    similarity_floor = novelty_floor(known.likeness[known.proposals.nodes >= 0], policy.novelty_quantile)
    partition_floor = novelty_floor(known.partition, policy.novelty_quantile)
    n = len(held_out.rows)
    weights = np.concatenate([np.ones(n), np.full(n, policy.novel_prevalence / (1 - policy.novel_prevalence))])
    features = np.concatenate([known.features(), novel.features()])
    wrong = np.concatenate([known.wrong, novel.wrong])
    passes = np.concatenate([j.passes(similarity_floor, partition_floor) for j in (known, novel)])
    folds = held_out.folds[held_out.rows]
    observers = collection.observations.observer_id[held_out.rows]
    scores = _held_out_assurance(features, ~wrong, weights, np.concatenate([folds, folds]))
    evidence = GateEvidence(
        scores=np.where(passes, scores, -1).astype(np.float32),
        wrong=wrong,
        observers=np.concatenate([observers, observers]),
        weights=weights,
    )
    certificate = certify(evidence, policy)
    assurance = fit_assurance(features, ~wrong, weights)
    return GateFit(certificate, assurance, similarity_floor, partition_floor, _measure(evidence, certificate, n))


def fit_assurance(features: DoubleArray, right: BoolArray, weights: DoubleArray) -> Fusion:
    """How likely a proposal is right; the head's own word where there is nothing to fit on."""
    if right.all() or not right.any():
        return Fusion(ASSURANCE_FEATURES, (1.0, 0.0, 0.0), 0.0)
    return fit_fusion(features, right, weights, ASSURANCE_FEATURES)


def _held_out_assurance(features: DoubleArray, right: BoolArray, weights: DoubleArray, folds: IntArray) -> FloatArray:
    """The assurance of each row, fitted on the other folds."""
    scores = np.zeros(len(right), dtype=np.float32)
    for fold in np.unique(folds):
        mine = folds == fold
        fitted = fit_assurance(features[~mine], right[~mine], weights[~mine])
        scores[mine] = fitted.probability(features[mine])
    return scores


def _judge(
    collection: Collection, held_out: HeldOut, predictions: tuple[FloatArray, FloatArray], policy: GatePolicy
) -> _Judged:
    probabilities, partition = predictions
    proposals = propose(probabilities, held_out.leaves, collection.taxonomy, policy.rank_up_margin)
    likeness, _ = likeness_to_proposals(collection, held_out.rows, proposals.nodes, held_out.folds)
    labels = collection.observations.label[held_out.rows].astype(np.int64)
    return _Judged(proposals, likeness, partition, is_wrong(proposals.nodes, labels, collection.taxonomy))


def _measure(evidence: GateEvidence, certificate: Certificate, n: int) -> dict[str, float]:
    emitted = evidence.scores >= certificate.threshold
    known, novel = emitted[:n], emitted[n:]
    return {
        "gate_coverage_known": float(known.mean()) if n else float("nan"),
        "gate_error_known": float(evidence.wrong[:n][known].mean()) if known.any() else float("nan"),
        "gate_emitted_novel": float(novel.mean()) if n else float("nan"),
    }
