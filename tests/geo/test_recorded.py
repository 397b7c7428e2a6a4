import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.geo import recorded
from reverse_search.geo.presence import Presence, cells_of
from reverse_search.geo.recorded import RecordedPlaces


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 2**32), n=st.integers(0, 120), few=st.booleans(), observers=st.sampled_from([1, 2, 30]))
def test_the_same_answers_as_going_through_all_cells(seed: int, n: int, few: bool, observers: int) -> None:
    rng = np.random.default_rng(seed)
    nodes, people = rng.integers(0, 6, n), rng.integers(1, observers + 1, n)
    latitudes, longitudes = -30 + 2 * rng.standard_normal(n), 179.5 + 2 * rng.standard_normal(n)
    longitudes = (longitudes + 180) % 360 - 180
    presence = Presence.from_records(nodes, cells_of(latitudes, longitudes), people)
    asked = 40
    lat, lng = -30 + 2 * rng.standard_normal(asked), (179.5 + 2 * rng.standard_normal(asked) + 180) % 360 - 180
    lat[:2] = np.nan
    who, radius = rng.integers(1, observers + 1, asked), rng.uniform(1, 300, asked)
    before, recorded.FEW_RECORDS = recorded.FEW_RECORDS, 2000 if few else 0
    try:
        places = RecordedPlaces(presence)
        for taxon, leave in ((0, 6), (2, 4), (5, 6), (6, 6)):
            plain, fast = presence.of(taxon, leave), places.of(taxon, leave)
            assert fast.records == plain.records
            assert np.array_equal(fast.near(lat, lng, who, radius), plain.near(lat, lng, who, radius))
    finally:
        recorded.FEW_RECORDS = before
