from dataclasses import replace

import numpy as np
import pytest

from reverse_search.domain.words import AbstainReason, SuggestionState
from reverse_search.errors import BadRequest
from reverse_search.search.suggesting import REASONS, suggest_all, triage_rows
from reverse_search.search.triage import Triage, TriageQuery
from tests.search.made_index import TAXONOMY, MadeIndex, make_index

INDEX = make_index(seed=1)


def reasons(index: MadeIndex) -> list[AbstainReason | None]:
    return [None if r < 0 else REASONS[r] for r in index.suggestions.reason.tolist()]


def test_every_observation_of_the_pools_gets_one_answer() -> None:
    assert INDEX.suggestions.observation.tolist() == triage_rows(INDEX).tolist()
    said = INDEX.suggestions.taxon >= 0
    assert said.any()
    assert np.array_equal(said, INDEX.suggestions.reason < 0)
    assert np.array_equal(said, np.isfinite(INDEX.suggestions.probability))
    assert (INDEX.suggestions.probability[said] >= INDEX.models.certificate.threshold).all()


def test_only_genus_and_family_are_ever_said() -> None:
    said = INDEX.suggestions.taxon[INDEX.suggestions.taxon >= 0]
    assert {TAXONOMY.ranks[int(node)] for node in said} <= {"genus", "family"}


def test_without_a_photo_that_is_the_reason() -> None:
    found = dict(zip(INDEX.suggestions.observation.tolist(), reasons(INDEX), strict=True))
    assert found[0] is AbstainReason.NO_PHOTO
    assert found[1] is AbstainReason.UNREADABLE


def test_people_are_never_suggested() -> None:
    human = TAXONOMY.node(32)
    humans = {row for row in INDEX.suggestions.observation.tolist() if INDEX.true_nodes[row] == human and row > 1}
    found = dict(zip(INDEX.suggestions.observation.tolist(), reasons(INDEX), strict=True))
    assert humans
    assert all(found[row] is not None for row in humans)
    assert any(found[row] is AbstainReason.HUMAN for row in humans)


def test_nothing_contradicts_what_people_said() -> None:
    stored = INDEX.suggestions
    for row, node in zip(stored.observation.tolist(), stored.taxon.tolist(), strict=True):
        if node >= 0:
            own = int(INDEX.observations.taxon[row])
            assert own < 0 or TAXONOMY.contains(own, node)
            assert TAXONOMY.rank_levels[node] < INDEX.identifications.finest_level[row]
    assert AbstainReason.CONTRADICTS_IDENTIFICATION in reasons(INDEX)


def test_an_uncertified_gate_says_nothing() -> None:
    index = make_index(seed=1, certified=False)
    assert (index.suggestions.taxon < 0).all()
    assert AbstainReason.UNCERTIFIED in reasons(index)


def test_what_is_unlike_everything_is_novel() -> None:
    strict = MadeIndex(**INDEX.__dict__ | {"models": replace(INDEX.models, similarity_floor=0.999)})
    judged = suggest_all(strict)
    with_photo = INDEX.observations.has_photo()[judged.observation]
    others = {AbstainReason.HUMAN, AbstainReason.NOVEL}
    assert {REASONS[r] for r in judged.reason[with_photo].tolist()} <= others


def test_a_place_far_from_all_records_is_said_only_where_there_are_enough() -> None:
    observations = replace(INDEX.observations, latitude=INDEX.observations.latitude + 30)
    far = MadeIndex(**INDEX.__dict__ | {"observations": observations})
    assert np.array_equal(suggest_all(far).taxon, INDEX.suggestions.taxon), "no records there at all: unchecked"
    policy = replace(INDEX.models.policy, min_iconic_records=0)
    checked = MadeIndex(**far.__dict__ | {"models": replace(INDEX.models, policy=policy)})
    judged = suggest_all(checked)
    assert (judged.taxon < 0).all()
    assert AbstainReason.NOT_RECORDED_NEARBY in {REASONS[r] for r in judged.reason.tolist() if r >= 0}


def test_pools_and_their_counts() -> None:
    unknown = Triage(INDEX).run(TriageQuery.parse("unknown"))
    coarse = Triage(INDEX).run(TriageQuery.parse("coarse:class"))
    finer = Triage(INDEX).run(TriageQuery.parse("coarse:family"))
    assert unknown.pool_size == sum(unknown.counts.values()) == len(unknown.entries)
    seen = {e.observation_uuid for e in unknown.entries}
    assert not seen & {e.observation_uuid for e in coarse.entries}
    assert {e.observation_uuid for e in coarse.entries} < {e.observation_uuid for e in finer.entries}
    states = [e.state for e in unknown.entries]
    assert states == sorted(states, key=lambda s: s is not SuggestionState.OPEN)
    assert len(Triage(INDEX).run(TriageQuery.parse("unknown", 3)).entries) == 3


@pytest.mark.parametrize("pool", ["coarse", "coarse:", "coarse:species", "everything", ""])
def test_a_pool_that_does_not_exist_is_refused(pool: str) -> None:
    with pytest.raises(BadRequest, match="use unknown, or coarse:"):
        TriageQuery.parse(pool)
