"""The gate: bring an observation to genus or family when the measured error allows it, else say nothing.

The threshold is chosen by fixed-sequence testing (Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test",
2021): from the strictest on a predeclared grid downwards, stopping at the first that fails. Scanning all thresholds
for the best one under a pointwise bound would not be a guarantee.
"""

from dataclasses import dataclass

import numpy as np

from reverse_search.classify.bounds import clopper_pearson_upper, design_effect
from reverse_search.classify.rollup import RankGroups, logit
from reverse_search.domain.arrays import AnyArray, BoolArray, DoubleArray, FloatArray, IntArray
from reverse_search.domain.taxonomy import NO_TAXON, Taxonomy

THRESHOLD_GRID: tuple[float, ...] = (
    0.9999, 0.9995, 0.999, 0.998, 0.997, 0.996, 0.995, 0.994, 0.993, 0.992, 0.991, 0.99, 0.9875, 0.985, 0.9825, 0.98,
    0.975, 0.97, 0.965, 0.96, 0.955, 0.95, 0.94, 0.93, 0.92, 0.91, 0.90, 0.88, 0.86, 0.84, 0.82, 0.80, 0.75, 0.70,
    0.65, 0.60, 0.55, 0.50,
)  # fmt: skip
ASSURANCE_FEATURES = ("logit_proposal", "neighbour_similarity", "logit_rival")
NEVER_EMIT = 2.0
"""A threshold that no probability reaches."""


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What the operator promises.

    Attributes:
        name: stored with every suggestion.
        max_error: the promised share of wrong suggestions among those emitted (α).
        confidence: with which the promise holds.
        rank_up_margin: genus is given only if P(family) − P(genus) is at most this.
        novel_prevalence: stated share of organisms of families that the head has never seen.
        novelty_quantile: share of verified observations that the novelty check may turn away, each way.
        radius_km: a suggestion wants a record of the taxon within this distance.
        min_iconic_records: the place check applies only where this many verified records of the iconic taxon lie
            within the radius.
    """

    name: str = "default"
    max_error: float = 0.02
    confidence: float = 0.95
    rank_up_margin: float = 0.10
    novel_prevalence: float = 0.02
    novelty_quantile: float = 0.005
    radius_km: float = 50.0
    min_iconic_records: int = 200


@dataclass(frozen=True, eq=False)
class Proposals:
    """What would be suggested, before the threshold.

    Attributes:
        nodes: (n,) int64 node of a genus or family, -1 where the head knows none.
        scores: (n,) float32, its probability by the head.
        rivals: (n,) float32, probability of the next best family.
    """

    nodes: IntArray
    scores: FloatArray
    rivals: FloatArray

    def features(self, likeness: FloatArray) -> DoubleArray:
        """(n, 3) in the order of ASSURANCE_FEATURES, given the likeness to the proposal's exemplars."""
        return np.column_stack([logit(self.scores), likeness, logit(self.rivals)])


def propose(probabilities: FloatArray, leaves: IntArray, taxonomy: Taxonomy, rank_up_margin: float) -> Proposals:
    """Genus if it holds nearly all of its family's probability, else the family.

    Args:
        probabilities: (n, n_leaves) of observations.
        leaves: (n_leaves,) ascending nodes.
        taxonomy: the tree of the nodes.
        rank_up_margin: see GatePolicy.
    """
    families, genera = (RankGroups.at(rank, leaves, taxonomy) for rank in ("family", "genus"))
    if not len(families.nodes):
        nothing = np.zeros(len(probabilities), dtype=np.float32)
        return Proposals(np.full(len(probabilities), NO_TAXON, dtype=np.int64), nothing, nothing)
    by_family, by_genus = families.sums(probabilities), genera.sums(probabilities)
    best = by_family.argmax(axis=1)
    nodes, scores = families.nodes[best], by_family.max(axis=1)
    if len(genera.nodes):
        home = np.array([taxonomy.ancestor_at(int(g), "family") for g in genera.nodes])
        inside = np.where(home[None, :] == nodes[:, None], by_genus, -1.0)
        genus_score = inside.max(axis=1)
        sharp = scores - genus_score <= rank_up_margin
        nodes = np.where(sharp, genera.nodes[inside.argmax(axis=1)], nodes)
        scores = np.where(sharp, genus_score, scores)
    rivals = np.partition(by_family, -2, axis=1)[:, -2] if by_family.shape[1] > 1 else np.zeros(len(scores))
    return Proposals(nodes.astype(np.int64), scores.astype(np.float32), rivals.astype(np.float32))


@dataclass(frozen=True, eq=False)
class GateEvidence:
    """Held-out observations that the threshold is chosen on, all (n,).

    Attributes:
        scores: assurance of the proposals, -1 where the novelty check already said no.
        wrong: whether the proposal is not the label or an ancestor of it.
        observers: cluster of each observation.
        weights: how much each counts; left-out families are weighted to their stated prevalence.
    """

    scores: FloatArray
    wrong: BoolArray
    observers: IntArray
    weights: DoubleArray


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was tested, and what came of it.

    Attributes:
        threshold: the least score that is emitted; above 1 when nothing can be promised.
        certified: whether some threshold passed.
        tested: how many thresholds were tested.
        emitted: held-out observations emitted at the threshold (or at the first one tested).
        error: their weighted error.
        upper_bound: of the error, with the design effect.
        coverage: weighted share of all held-out observations that is emitted.
    """

    threshold: float
    certified: bool
    tested: int
    emitted: int
    error: float
    upper_bound: float
    coverage: float


def certify(evidence: GateEvidence, policy: GatePolicy) -> Certificate:
    """Choose the threshold, from the strictest that emits 6/α observations; uncertified if none does or it fails."""
    start = next((i for i, t in enumerate(THRESHOLD_GRID) if _enough(evidence, t, policy)), None)
    if start is None:
        return Certificate(NEVER_EMIT, False, 0, 0, float("nan"), 1.0, 0.0)
    chosen: Certificate | None = None
    for tested, threshold in enumerate(THRESHOLD_GRID[start:], start=1):
        result = _measure(evidence, threshold, policy, tested)
        if result.upper_bound > policy.max_error:
            return chosen or Certificate(
                NEVER_EMIT, False, tested, result.emitted, result.error, result.upper_bound, 0.0
            )
        chosen = result
    assert chosen is not None
    return chosen


def _enough(evidence: GateEvidence, threshold: float, policy: GatePolicy) -> bool:
    return int((evidence.scores >= threshold).sum()) >= 6 / policy.max_error


def _measure(evidence: GateEvidence, threshold: float, policy: GatePolicy, tested: int) -> Certificate:
    emitted = evidence.scores >= threshold
    weights, wrong = evidence.weights[emitted], evidence.wrong[emitted]
    error = float((weights * wrong).sum() / weights.sum())
    trials = len(weights) / design_effect(wrong, evidence.observers[emitted], weights)
    bound = clopper_pearson_upper(error * trials, trials, policy.confidence)
    coverage = float(weights.sum() / evidence.weights.sum())
    return Certificate(threshold, True, tested, int(emitted.sum()), error, bound, coverage)


def is_wrong(proposed: IntArray, labels: IntArray, taxonomy: Taxonomy) -> BoolArray:
    """Whether a proposal is neither the label nor above it. A label coarser than the proposal counts as wrong."""
    leave = np.append(taxonomy.leave, 0)[proposed]
    right: BoolArray = (proposed <= labels) & (labels < leave) & (proposed >= 0)
    return ~right


def novelty_floor(values: AnyArray, quantile: float) -> float:
    """The value below which an observation is unlike everything verified; -inf without data."""
    return float(np.quantile(values, quantile)) if len(values) else float("-inf")
