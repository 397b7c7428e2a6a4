"""The gate's threshold, from held-out predictions."""

from dataclasses import dataclass

import numpy as np

from reverse_search.classify.gate import Certificate, GateEvidence, GatePolicy, certify, is_wrong, novelty_floor, propose
from reverse_search.domain.arrays import FloatArray, IntArray
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
    similarity_floor: float
    partition_floor: float
    measured: dict[str, float]


@dataclass(frozen=True, eq=False)
class _Judged:
    scores: FloatArray
    nodes: IntArray
    likeness: FloatArray
    partition: FloatArray


def fit_gate(collection: Collection, held_out: HeldOut, policy: GatePolicy) -> GateFit:
    """Novelty floors first, then the threshold of what passes them."""
    known = _judge(collection, held_out, held_out.known, policy)
    novel = _judge(collection, held_out, held_out.novel, policy)
    similarity_floor = novelty_floor(known.likeness[known.nodes >= 0], policy.novelty_quantile)
    partition_floor = novelty_floor(known.partition, policy.novelty_quantile)
    observers = collection.observations.observer_id[held_out.rows]
    labels = collection.observations.label[held_out.rows].astype(np.int64)
    n = len(held_out.rows)
    share = policy.novel_prevalence / (1 - policy.novel_prevalence)
    evidence = GateEvidence(
        scores=np.concatenate([_passing(j, similarity_floor, partition_floor) for j in (known, novel)]),
        wrong=np.concatenate([is_wrong(j.nodes, labels, collection.taxonomy) for j in (known, novel)]),
        observers=np.concatenate([observers, observers]),
        weights=np.concatenate([np.ones(n), np.full(n, share)]),
    )
    certificate = certify(evidence, policy)
    measured = _measure(evidence, certificate, n)
    return GateFit(certificate, similarity_floor, partition_floor, measured)


def _judge(
    collection: Collection, held_out: HeldOut, predictions: tuple[FloatArray, FloatArray], policy: GatePolicy
) -> _Judged:
    probabilities, partition = predictions
    proposals = propose(probabilities, held_out.leaves, collection.taxonomy, policy.rank_up_margin)
    likeness, _ = likeness_to_proposals(collection, held_out.rows, proposals.nodes, held_out.folds)
    return _Judged(proposals.scores, proposals.nodes, likeness, partition)


def _passing(judged: _Judged, similarity_floor: float, partition_floor: float) -> FloatArray:
    passes = (judged.nodes >= 0) & (judged.likeness >= similarity_floor) & (judged.partition >= partition_floor)
    return np.where(passes, judged.scores, np.float32(-1)).astype(np.float32)


def _measure(evidence: GateEvidence, certificate: Certificate, n: int) -> dict[str, float]:
    emitted = evidence.scores >= certificate.threshold
    known, novel = emitted[:n], emitted[n:]
    return {
        "gate_coverage_known": float(known.mean()) if n else float("nan"),
        "gate_error_known": float(evidence.wrong[:n][known].mean()) if known.any() else float("nan"),
        "gate_emitted_novel": float(novel.mean()) if n else float("nan"),
    }
