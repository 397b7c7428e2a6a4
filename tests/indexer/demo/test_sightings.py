import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.demo.drawing.scene import Flaw
from indexer.demo.fauna import FAUNA
from indexer.demo.flora import FLORA
from indexer.demo.identifications import Crowd, Opinion
from indexer.demo.sightings import FAR, HOME, MIN_PHOTOS, MIN_RECORDS, Sighting, State, apportion, plan_sightings
from indexer.demo.taxa import taxonomy
from reverse_search.classify.training_set import TrainingRules
from reverse_search.errors import BadRequest

TAXA, SPECIES = taxonomy((*FAUNA, *FLORA))
INSECTS = 47158


@pytest.fixture(scope="module")
def default() -> list[Sighting]:
    return plan_sightings(SPECIES, 1500, 1)


@pytest.fixture(scope="module")
def opinions(default: list[Sighting]) -> list[Opinion]:
    crowd = Crowd(TAXA, SPECIES)
    return [crowd.opinion(s, np.random.default_rng([1, s.number])) for s in default]


@pytest.mark.parametrize("photos", [MIN_PHOTOS, 100, 333, 1500])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_state_and_as_many_photos_as_asked_for(photos: int, seed: int) -> None:
    sightings = plan_sightings(SPECIES, photos, seed)
    assert {s.state for s in sightings} == set(State)
    assert sum(len(s.photos) for s in sightings) == photos
    assert sightings == plan_sightings(SPECIES, photos, seed)
    assert sightings != plan_sightings(SPECIES, photos, seed + 1)
    assert len({s.uuid for s in sightings}) == len(sightings)
    assert all((s.photos == ()) == (s.state is State.NO_PHOTO) for s in sightings)


def test_too_few_photos_are_refused() -> None:
    with pytest.raises(BadRequest, match="at least 60"):
        plan_sightings(SPECIES, MIN_PHOTOS - 1, 1)


def test_shares_of_states(default: list[Sighting]) -> None:
    share = {state: n / len(default) for state, n in Counter(s.state for s in default).items()}
    assert share[State.VERIFIED] > 0.5
    assert 0.12 < share[State.UNKNOWN] < 0.18
    assert 0.09 < share[State.COARSE] < 0.14
    assert 0.04 < share[State.CONFLICTING] < 0.08
    assert len({s.observer for s in default}) > 50
    assert {flaw for s in default for flaw in s.photos} == set(Flaw)


def test_common_species_can_be_trained_and_rare_ones_imprinted(default: list[Sighting]) -> None:
    verified = [s for s in default if s.state is State.VERIFIED]
    photos = Counter[str]()
    for sighting in verified:
        photos[sighting.drawn.taxon.name] += len(sighting.photos)
    rules = TrainingRules()
    assert sum(n >= rules.small_min_photos for n in photos.values()) >= 25
    assert sum(rules.min_exemplars <= n < 12 for n in photos.values()) >= 10
    known = {s.taxon.name for s in SPECIES if s.known}
    assert Counter(s.drawn.taxon.name for s in verified).keys() == known
    assert min(Counter(s.drawn.taxon.name for s in verified).values()) == MIN_RECORDS


def test_an_unnamed_family_is_among_the_unknown_only(default: list[Sighting], opinions: list[Opinion]) -> None:
    states = Counter(s.state for s in default if not s.drawn.known)
    assert states.keys() == {State.UNKNOWN}
    assert states[State.UNKNOWN] >= 10
    named = {s.taxon_id for opinion in opinions for s in opinion.said}
    assert named.isdisjoint(a for s in SPECIES if not s.known for a in (*s.taxon.ancestry[-2:], s.taxon.taxon_id))


def test_enough_insects_at_home_for_the_place_to_be_checked(default: list[Sighting]) -> None:
    """Also without those of the observer who asks."""
    here = Counter(
        s.observer
        for s in default
        if s.state is State.VERIFIED and INSECTS in s.drawn.taxon.ancestry and away_km(s, HOME) < 40
    )
    assert here.total() - max(here.values()) >= 200


def test_some_are_met_where_they_were_never_recorded(default: list[Sighting]) -> None:
    far = [s for s in default if s.drawn.far]
    assert all(away_km(s, FAR) < 40 for s in far if s.state is State.VERIFIED)
    assert sum(away_km(s, HOME) < 40 for s in far if s.state is State.UNKNOWN) >= 5
    assert all(min(away_km(s, HOME), away_km(s, FAR)) < 40 for s in default)


def away_km(sighting: Sighting, place: tuple[float, float]) -> float:
    return 111.2 * math.hypot(sighting.latitude - place[0], sighting.longitude - place[1])


def test_what_people_say_fits_the_state(default: list[Sighting], opinions: list[Opinion]) -> None:
    for sighting, opinion in zip(default, opinions, strict=True):
        lineage = {*sighting.drawn.taxon.ancestry, sighting.drawn.taxon.taxon_id}
        current = [s for s in opinion.said if s.current]
        right = [s for s in current if s.taxon_id in lineage]
        match sighting.state:
            case State.VERIFIED:
                assert len(right) >= 2
                assert len(right) / len(current) > 2 / 3
            case State.UNKNOWN | State.NO_PHOTO | State.BROKEN:
                assert (opinion.said, opinion.taxon_id) == ((), None)
            case State.SINGLE:
                assert [s.taxon_id for s in current] == [sighting.drawn.taxon.taxon_id]
            case State.COARSE:
                assert [s.taxon_id for s in current] == [opinion.taxon_id]
                assert opinion.taxon_id in sighting.drawn.taxon.ancestry
            case State.CONFLICTING:
                assert len(current) == 1
                assert right == [s for s in current if s.denied is not None]
            case State.CASUAL:
                assert opinion.grade == "casual"
        assert len({s.user for s in opinion.said}) == len(opinion.said)
        assert [s.at for s in opinion.said] == sorted(s.at for s in opinion.said)
        assert all(s.at.date() >= sighting.day for s in opinion.said)


def test_some_disagree_and_some_withdraw(default: list[Sighting], opinions: list[Opinion]) -> None:
    denials = [s for opinion in opinions for s in opinion.said if s.denied is not None]
    assert len(denials) >= 5
    assert sum(not s.current for opinion in opinions for s in opinion.said) > len(denials)
    assert any(s.category == "maverick" for opinion in opinions for s in opinion.said)
    assert {opinion.grade for opinion in opinions} == {"research", "needs_id", "casual"}


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=20), st.integers(0, 500), st.integers(0, 5))
def test_apportioned_numbers_add_up(weights: list[float], total: int, least: int) -> None:
    counts = apportion(weights, total, least)
    assert min(counts) >= least
    assert sum(counts) == max(total, least * len(weights))
    if least == 0:
        assert all(abs(n - total * w / sum(weights)) < 1.001 for n, w in zip(counts, weights, strict=True))
