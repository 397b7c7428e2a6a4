import h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain.arrays import DoubleArray
from reverse_search.geo.presence import (
    CELL_RADIUS_KM,
    EARTH_RADIUS_KM,
    RESOLUTION,
    SEVERAL,
    Presence,
    TaxonPresence,
    cells_of,
    chord,
    unit_points,
)

CORNER_KM = 11.0
"""From the centre of the largest cell to its farthest corner."""
Record = tuple[float, float, int]
PLACES = st.one_of(
    st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    st.tuples(st.floats(10, 10.5), st.floats(20, 20.5)),
    st.tuples(st.floats(-17.2, -16.8), st.sampled_from([-180.0, -179.9, 179.8, 179.95, 180.0])),
    st.tuples(st.sampled_from([-90.0, -89.9, 89.7, 89.9, 90.0]), st.floats(-180, 180)),
)
RECORDS = st.lists(st.tuples(PLACES, st.integers(1, 3)).map(lambda r: (*r[0], r[1])), max_size=8)
RADII = st.sampled_from([0.0, 5.0, 50.0, 80.0, 1000.0])


def haversine(a: Record, b: Record) -> float:
    (lat1, lng1), (lat2, lng2) = np.radians(a[:2]), np.radians(b[:2])
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lng2 - lng1) / 2) ** 2
    return float(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(min(h, 1))))


def columns(points: list[Record]) -> tuple[DoubleArray, DoubleArray, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    table = np.array(points, dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2].astype(np.int64)


def presence_of(records: list[Record], node: int = 4) -> Presence:
    latitudes, longitudes, observers = columns(records)
    return Presence.from_records(
        np.full(len(records), node, dtype=np.int64), cells_of(latitudes, longitudes), observers
    )


def taxon(records: list[Record]) -> TaxonPresence:
    return presence_of(records).of(4, 5)


@given(RECORDS, RECORDS, RADII)
def test_near_agrees_with_brute_force_within_the_size_of_a_cell(
    records: list[Record], asked: list[Record], radius: float
) -> None:
    latitudes, longitudes, observers = columns(asked)
    near = taxon(records).near(latitudes, longitudes, observers, np.full(len(asked), radius))
    reach = radius + CELL_RADIUS_KM
    for query, found in zip(asked, near, strict=True):
        distances = [haversine(query, r) for r in records if r[2] != query[2]]
        nearest = min(distances, default=np.inf)
        if found:
            assert nearest <= reach + CORNER_KM
        else:
            assert nearest > reach - CORNER_KM


@given(RECORDS, RECORDS, RADII)
def test_count_agrees_with_brute_force_over_cell_centres(
    records: list[Record], asked: list[Record], radius: float
) -> None:
    by_cell: dict[str, list[int]] = {}
    for lat, lng, who in records:
        by_cell.setdefault(h3.latlng_to_cell(lat, lng, RESOLUTION), []).append(who)
    latitudes, longitudes, observers = columns(asked)
    counts = taxon(records).count(latitudes, longitudes, observers, np.full(len(asked), radius))
    for query, count in zip(asked, counts, strict=True):
        low = high = 0
        for cell, people in by_cell.items():
            distance = haversine(query, (*h3.cell_to_latlng(cell), 0))
            counted = 0 if set(people) == {query[2]} else len(people)
            low += counted * (distance <= radius + CELL_RADIUS_KM - 1e-3)
            high += counted * (distance <= radius + CELL_RADIUS_KM + 1e-3)
        assert low <= count <= high


def ask(records: list[Record], query: Record, radius: float = 50) -> bool:
    latitudes, longitudes, observers = columns([query])
    return bool(taxon(records).near(latitudes, longitudes, observers, np.array([radius]))[0])


def test_ones_own_record_is_no_evidence_but_anothers_in_the_same_cell_is() -> None:
    assert not ask([(10, 20, 7), (10, 20, 7)], (10, 20, 7))
    assert ask([(10, 20, 7)], (10, 20, 8))
    assert ask([(10, 20, 7), (10, 20, 8)], (10, 20, 7))


def test_across_the_date_line_and_over_the_pole() -> None:
    assert ask([(-17, 179.95, 1)], (-17, -179.95, 2))
    assert not ask([(-17, 179.0, 1)], (-17, -179.0, 2))
    assert ask([(89.9, 0, 1)], (89.9, 180, 2))
    assert ask([(-89.9, -90, 1)], (-89.9, 90, 2))


@pytest.mark.parametrize("missing", [(np.nan, 20.0), (10.0, np.nan), (np.nan, np.nan)])
def test_missing_coordinates_are_nowhere(missing: tuple[float, float]) -> None:
    assert not ask([(10, 20, 1)], (*missing, 2), 20_000)
    assert len(presence_of([(*missing, 1)]).cells) == 0


def test_coordinates_out_of_range_have_no_cell() -> None:
    cells = cells_of(np.array([91.0, -90.5, 0, 0, np.inf, 90]), np.array([0.0, 0, 181, -180.5, 0, 180]))
    assert (cells > 0).tolist() == [False] * 5 + [True]


def test_a_radius_an_observation() -> None:
    latitudes, longitudes, observers = columns([(10, 21, 2), (10, 21, 2)])
    near = taxon([(10, 20, 1)]).near(latitudes, longitudes, observers, np.array([50.0, 150.0]))
    assert near.tolist() == [False, True]


def test_records_are_counted_by_node_and_cell() -> None:
    nodes = np.array([5, 3, 5, 5, -1, 5], dtype=np.int64)
    cells = np.array([9, 9, 9, 8, 9, 0], dtype=np.int64)
    found = Presence.from_records(nodes, cells, np.array([1, 1, 2, 3, 1, 1], dtype=np.int64))
    assert found.nodes.tolist() == [3, 5, 5]
    assert found.cells.tolist() == [9, 8, 9]
    assert found.records.tolist() == [1, 1, 2]
    assert found.observers.tolist() == [1, 3, SEVERAL]


def test_a_subtree_is_one_slice() -> None:
    nodes, places = np.array([2, 4, 6], dtype=np.int64), np.array([10.0, 30.0, 50.0])
    found = Presence.from_records(nodes, cells_of(places, places), np.ones(3, dtype=np.int64)).of(3, 6)
    near = found.near(places, places, np.full(3, 2), np.full(3, 50.0))
    assert near.tolist() == [False, True, False]


@given(PLACES, PLACES)
def test_a_chord_stands_for_the_distance_on_the_ground(a: tuple[float, float], b: tuple[float, float]) -> None:
    points = unit_points(np.array([a[0], b[0]]), np.array([a[1], b[1]]))
    assert float(np.linalg.norm(points[0] - points[1])) == pytest.approx(chord(haversine((*a, 0), (*b, 0))), abs=1e-6)


def test_no_chord_is_longer_than_the_diameter() -> None:
    assert chord(1e9) == pytest.approx(2)
