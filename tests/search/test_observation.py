import itertools
import uuid

import numpy as np
import pytest

from reverse_search.domain.catalogue import HAS_PHOTO
from reverse_search.search.observation import ObservationReader
from reverse_search.search.rows import uuid_text
from tests.search.made_index import TAXONOMY, make_index

INDEX = make_index()
READER = ObservationReader(INDEX)
UUIDS = [uuid_text(raw) for raw in INDEX.observations.uuid]


def test_every_observation_is_found_by_its_uuid() -> None:
    for row, name in enumerate(UUIDS):
        view = READER.find(name)
        assert view is not None
        assert view.observation_uuid == name
        assert len(view.photo_ids) == INDEX.observations.photo_count[row]


@pytest.mark.parametrize("asked", ["", "no uuid", str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1))])
def test_others_are_not(asked: str) -> None:
    assert READER.find(asked) is None


def test_the_chain_goes_down_one_lineage_and_never_becomes_more_probable() -> None:
    for name in UUIDS[2:60]:
        view = READER.find(name)
        assert view is not None
        assert [look.rank for look in view.chain] == ["kingdom", "class", "family", "genus", "species"]
        nodes = [TAXONOMY.node(look.taxon_id) for look in view.chain]
        assert all(TAXONOMY.contains(above, below) for above, below in itertools.pairwise(nodes))
        probabilities = [look.probability for look in view.chain]
        assert all(a >= b - 1e-5 for a, b in itertools.pairwise(probabilities))
        assert view.looks_like[0].probability == max(look.probability for look in view.looks_like)


def test_it_mostly_looks_like_what_it_is() -> None:
    looks = [READER.find(name) for name in UUIDS[2:]]
    right = [
        v is not None and TAXONOMY.node(v.chain[-1].taxon_id) == t
        for v, t in zip(looks, INDEX.true_nodes[2:], strict=True)
    ]
    assert np.mean(right) > 0.8


def test_without_a_photo_nothing_is_said_of_its_looks() -> None:
    for row in np.flatnonzero(INDEX.observations.photo_state != HAS_PHOTO):
        view = READER.find(UUIDS[int(row)])
        assert view is not None
        assert (view.chain, view.looks_like, view.photo_ids) == ((), (), ())
        assert view.suggestion is not None
        assert view.suggestion.abstain_reason in {"no_photo", "unreadable"}


def test_only_those_of_a_triage_pool_have_a_suggestion() -> None:
    judged = {UUIDS[int(row)] for row in INDEX.suggestions.observation}
    for name in UUIDS:
        view = READER.find(name)
        assert view is not None
        assert (view.suggestion is not None) == (name in judged)
        if view.suggestion is not None:
            assert view.suggestion.observation_uuid == name
