import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.classify.bounds import clopper_pearson_upper
from reverse_search.classify.gate import (
    NEVER_EMIT,
    THRESHOLD_GRID,
    GateEvidence,
    GatePolicy,
    certify,
    is_wrong,
    novelty_floor,
    propose,
)
from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from tests.classify.worlds import scored_leaves, strict_taxonomies

POLICY = GatePolicy()


@given(scored_leaves(), st.floats(0, 0.5))
def test_genus_if_and_only_if_it_holds_nearly_all_of_its_family(
    world: tuple[Taxonomy, IntArray, FloatArray], margin: float
) -> None:
    taxonomy, leaves, probabilities = world
    proposed = propose(probabilities, leaves, taxonomy, margin)
    for row, p in enumerate(probabilities.astype(np.float64)):

        def mass(node: int, p: FloatArray = probabilities[row]) -> float:
            return float(p[(leaves >= node) & (leaves < taxonomy.leave[node])].astype(np.float64).sum())

        of_rank = {rank: [n for n in range(len(taxonomy)) if taxonomy.ranks[n] == rank] for rank in ("family", "genus")}
        known = [f for f in of_rank["family"] if any(taxonomy.contains(f, int(leaf)) for leaf in leaves)]
        node, score = int(proposed.nodes[row]), float(proposed.scores[row])
        if not known:
            assert node == -1
            continue
        family = taxonomy.ancestor_at(node, "family")
        assert mass(family) >= max(map(mass, known)) - 1e-5, "the most probable family, or a genus of it"
        assert score == pytest.approx(mass(node), abs=1e-5)
        genera = [mass(g) for g in of_rank["genus"] if taxonomy.contains(family, g) and
                  any(taxonomy.contains(g, int(leaf)) for leaf in leaves)]  # fmt: skip
        gap = mass(family) - max(genera, default=-1.0)
        if abs(gap - margin) > 1e-5:
            assert (taxonomy.ranks[node] == "genus") == (gap <= margin)
        if taxonomy.ranks[node] == "genus":
            assert score == pytest.approx(max(genera), abs=1e-5)
        assert p.sum() == pytest.approx(1, abs=1e-4)


def evidence(*groups: tuple[int, float, float], observers: int | None = None) -> GateEvidence:
    """Groups of (count, score, share wrong), each observation by its own observer unless `observers` is given."""
    scores = np.concatenate([np.full(n, score, dtype=np.float32) for n, score, _ in groups])
    wrong = np.concatenate([np.arange(n) < round(n * share) for n, _, share in groups])
    who = np.arange(len(scores)) if observers is None else np.arange(len(scores)) // (len(scores) // observers)
    return GateEvidence(scores, wrong, who.astype(np.int64), np.ones(len(scores)))


def test_the_sequence_stops_at_the_first_failure_though_a_later_one_would_pass() -> None:
    result = certify(evidence((1000, 0.99995, 0), (200, 0.9955, 1), (90_000, 0.9815, 0)), POLICY)
    assert result.certified
    assert result.threshold == 0.996
    assert result.tested == THRESHOLD_GRID.index(0.996) + 1
    assert result.emitted == 1000
    assert result.coverage == pytest.approx(1000 / 91_200)
    assert clopper_pearson_upper(200, 91_200) < POLICY.max_error, (
        "looking at all thresholds would have chosen a later one"
    )


def test_everything_right_goes_down_to_the_last_threshold() -> None:
    result = certify(evidence((500, 0.99995, 0), (500, 0.6, 0)), POLICY)
    assert (result.threshold, result.certified, result.emitted) == (THRESHOLD_GRID[-1], True, 1000)
    assert result.error == 0
    assert result.upper_bound == pytest.approx(clopper_pearson_upper(0, 1000))
    assert result.coverage == 1


def test_too_few_observations_promise_nothing() -> None:
    result = certify(evidence((299, 0.99995, 0), (5000, -1, 1)), POLICY)
    assert not result.certified
    assert result.threshold == NEVER_EMIT > 1
    assert (result.tested, result.coverage) == (0, 0)
    assert certify(evidence((300, 0.99995, 0)), POLICY).certified


def test_failing_at_once_promises_nothing_and_says_what_was_measured() -> None:
    result = certify(evidence((400, 0.99995, 0.1)), POLICY)
    assert (result.certified, result.threshold, result.tested, result.coverage) == (False, NEVER_EMIT, 1, 0)
    assert result.error == pytest.approx(0.1)
    assert result.upper_bound > 0.1


def test_errors_of_one_observer_count_as_fewer_observations() -> None:
    alone = certify(evidence((2000, 0.99995, 0.012)), POLICY)
    crowd = certify(evidence((2000, 0.99995, 0.012), observers=80), POLICY)
    assert alone.certified
    assert not crowd.certified
    assert crowd.upper_bound > alone.upper_bound


def test_a_stricter_promise_never_emits_more() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.9, 1, 20_000).astype(np.float32)
    held_out = GateEvidence(
        scores, rng.uniform(size=len(scores)) > scores, np.arange(len(scores)), np.ones(len(scores))
    )
    found = [certify(held_out, dataclasses.replace(POLICY, max_error=a)) for a in (0.01, 0.02, 0.05)]
    assert found[0].coverage < found[1].coverage < found[2].coverage


def test_the_promise_is_broken_in_at_most_a_twentieth_of_repetitions() -> None:
    """Scores are uniform on [0.9, 1] and too sure by a factor of three: the true error above t is 1.5 · (1 − t)."""
    rng = np.random.default_rng(20)
    repetitions, broken, emitting = 300, 0, 0
    for _ in range(repetitions):
        scores = rng.uniform(0.9, 1, 20_000)
        wrong = rng.uniform(size=len(scores)) < 3 * (1 - scores)
        held_out = GateEvidence(scores.astype(np.float32), wrong, np.arange(len(scores)), np.ones(len(scores)))
        result = certify(held_out, POLICY)
        emitting += result.certified
        broken += result.certified and 1.5 * (1 - result.threshold) > POLICY.max_error
    assert emitting > 0.8 * repetitions, "a gate that never emits keeps every promise"
    assert broken <= 0.05 * repetitions + 7


@given(strict_taxonomies(), st.data())
def test_a_proposal_is_right_if_it_is_the_label_or_an_ancestor(taxonomy: Taxonomy, data: st.DataObject) -> None:
    nodes = st.integers(-1, len(taxonomy) - 1)
    pairs = data.draw(st.lists(st.tuples(nodes, nodes), min_size=1))
    proposed, labels = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    expected = [p not in taxonomy.lineage(label) or p < 0 for p, label in pairs]
    assert is_wrong(proposed, labels, taxonomy).tolist() == expected


def test_a_label_coarser_than_the_proposal_counts_as_wrong() -> None:
    taxonomy = Taxonomy.from_rows([TaxonRow(1, (), "family", 30, "F"), TaxonRow(2, (1,), "genus", 20, "G")])
    family, genus = taxonomy.node(1), taxonomy.node(2)
    assert is_wrong(np.array([genus, family]), np.array([family, genus]), taxonomy).tolist() == [True, False]


def test_the_novelty_floor_turns_away_its_share() -> None:
    values = np.random.default_rng(0).normal(size=10_000)
    assert (values < novelty_floor(values, 0.005)).mean() == pytest.approx(0.005, abs=2e-4)
    assert novelty_floor(values[:0], 0.005) == float("-inf")
