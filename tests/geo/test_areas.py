"""Areas against their plain definitions, one point at a time."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.arrays import DoubleArray
from reverse_search.errors import BadRequest
from reverse_search.geo.areas import Area, Box, Near, Polygons, inside
from tests.geo.plain_areas import box_holds, boxes, circle_holds, circles, edge_is_near, points, polygons, polygons_hold

Point = tuple[float, float]


def columns(at: Sequence[Point]) -> tuple[DoubleArray, DoubleArray]:
    table = np.array(at, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def found(area: Area, at: Sequence[Point]) -> list[bool]:
    """By the area itself, which must be the same as behind its rectangle."""
    latitudes, longitudes = columns(at)
    holds = area.holds(latitudes, longitudes)
    assert holds.tolist() == inside(area, latitudes, longitudes, np.ones(len(at), np.bool_)).tolist()
    return [bool(is_in) for is_in in holds]


def one(area: Area, latitude: float, longitude: float) -> bool:
    return found(area, [(latitude, longitude)])[0]


@settings(deadline=None)
@given(boxes(), st.lists(points(), max_size=8))
def test_a_box_holds_what_it_says(box: Box, at: list[Point]) -> None:
    assert found(box, at) == [box_holds(box, *point) for point in at]


@settings(deadline=None)
@given(circles(), st.lists(points(), max_size=8))
def test_a_circle_holds_what_is_near(near: Near, at: list[Point]) -> None:
    plain = [circle_holds(near, *point) for point in at]
    assert [was for was, is_in in zip(found(near, at), plain, strict=True) if is_in is not None] == [
        is_in for is_in in plain if is_in is not None
    ]


def test_a_hole_may_stick_out_of_its_ring_and_overlap_another() -> None:
    square = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0))
    beside = ((6.0, 0.0), (8.0, 0.0), (8.0, 4.0), (6.0, 4.0), (6.0, 0.0))
    wide = ((3.0, 1.0), (7.0, 1.0), (7.0, 3.0), (3.0, 3.0), (3.0, 1.0))
    over = ((2.0, 1.0), (3.5, 1.0), (3.5, 3.0), (2.0, 3.0), (2.0, 1.0))
    area = Polygons(((square, wide, over), (beside,)))
    inside_of = [x for x in (1.0, 2.5, 3.2, 3.7, 5.0, 6.5, 7.5) if one(area, 2.0, x)]
    assert inside_of == [1.0, 6.5, 7.5]


@settings(deadline=None)
@given(polygons(), st.lists(points(), max_size=12))
def test_polygons_hold_points_by_the_even_odd_rule(area: Polygons, at: list[Point]) -> None:
    clear = [point for point in at if not edge_is_near(area, *point)]
    assert found(area, clear) == [polygons_hold(area, *point) for point in clear]


@settings(deadline=None)
@given(polygons(), polygons(), st.lists(points(), max_size=12))
def test_more_polygons_hold_more(first: Polygons, second: Polygons, at: list[Point]) -> None:
    together = Polygons(first.polygons + second.polygons)
    latitudes, longitudes = columns(at)
    apart = first.holds(latitudes, longitudes) | second.holds(latitudes, longitudes)
    assert together.holds(latitudes, longitudes).tolist() == apart.tolist()


@settings(deadline=None)
@given(st.lists(points(), max_size=8), st.data())
def test_points_that_are_not_asked_for_are_not_found(at: list[Point], data: st.DataObject) -> None:
    among = np.array(data.draw(st.lists(st.booleans(), min_size=len(at), max_size=len(at))), dtype=np.bool_)
    latitudes, longitudes = columns(at)
    box = Box(-180, -90, 180, 90)
    assert inside(box, latitudes, longitudes, among).tolist() == (among & box.holds(latitudes, longitudes)).tolist()


def test_the_antimeridian_has_two_names() -> None:
    for longitude in (180.0, -180.0):
        assert one(Box(170, -10, 180, 10), 0, longitude)
        assert one(Box(-180, -10, -170, 10), 0, longitude)
        assert one(Box(170, -10, -170, 10), 0, longitude)
        assert one(Near(0, 179.9, 20), 0, longitude)
        for middle in (175.0, -175.0, 185.0):
            assert one(square(middle, 0, 5), 0, longitude)
    assert not one(Box(170, -10, -170, 10), 0, 0)


def square(longitude: float, latitude: float, reach: float) -> Polygons:
    west, east, south, north = longitude - reach, longitude + reach, latitude - reach, latitude + reach
    return Polygons(((((west, south), (east, south), (east, north), (west, north), (west, south)),),))


def test_across_the_antimeridian_drawn_beyond_it_or_cut_in_two() -> None:
    beyond, before = square(180, 0, 10), square(-180, 0, 10)
    cut = Polygons(square(175, 0, 5).polygons + square(-175, 0, 5).polygons)
    tall = Polygons((*cut.polygons, *square(175, 7, 5).polygons))
    at = [(0.0, x) for x in (-180, -179, -171, -169, 0, 169, 171, 179, 180)]
    wanted = [True, True, True, False, False, False, True, True, True]
    assert found(beyond, at) == found(before, at) == found(cut, at) == found(tall, at) == wanted
    assert beyond.bounds == before.bounds == Box(170, -10, -170, 10)


def test_edges_and_corners_are_in() -> None:
    area = square(10, 10, 5)
    edges = [(5.0, 10.0), (15.0, 10.0), (10.0, 5.0), (10.0, 15.0), (5.0, 5.0), (15.0, 15.0)]
    assert all(found(area, edges))
    assert all(found(Box(5, 5, 15, 15), edges))


def test_a_hole_is_out_and_an_island_in_it_in() -> None:
    ring, hole, island = (square(0, 0, reach).polygons[0][0] for reach in (9, 6, 3))
    lake = Polygons(((ring, hole),))
    assert found(lake, [(0, 8), (0, 5), (0, 0)]) == [True, False, False]
    assert found(Polygons(((ring, hole), (island,))), [(0, 8), (0, 5), (0, 0)]) == [True, False, True]


def test_a_circle_around_a_pole_takes_all_longitudes() -> None:
    near = Near(89, 10, 200)
    assert found(near, [(89.9, x) for x in (-170, -80, 0, 10, 100, 180)]) == [True] * 6
    assert found(near, [(88.0, 10), (88.0, -170)]) == [True, False]
    assert found(Near(-90, 0, 112), [(-89, 77), (-88.9, 77)]) == [True, False]


def test_a_circle_reaches_farther_nearer_the_pole() -> None:
    # At its middle's own latitude a circle isn't widest: the rectangle must go to where meridians touch it.
    near = Near(80, 0, 1000)
    width = math.degrees(math.asin(math.sin(1000 / 6371.0088) / math.cos(math.radians(80))))
    touching = math.degrees(math.asin(math.sin(math.radians(80)) / math.cos(1000 / 6371.0088)))
    assert found(near, [(touching, width - 0.01), (touching, width + 0.01), (80.0, width - 0.01)]) == [
        True,
        False,
        False,
    ]


def test_the_greatest_circle_is_the_whole_earth() -> None:
    for place in [(0.0, 0.0), (37.1, -12.9), (90.0, 0.0), (-61.7, 179.3)]:
        at = [(0.0, 0.0), (-37.1, 167.1), (90.0, 3.0), (-90.0, -3.0), (61.7, -0.7), (5.0, 180.0)]
        assert all(found(Near(*place, 20_016), at))


@pytest.mark.parametrize("area", [Box(-180, -90, 180, 90), Near(0, 0, 20_016), square(0, 0, 90)])
def test_a_missing_coordinate_lies_nowhere(area: Area) -> None:
    nan = float("nan")
    assert found(area, [(nan, nan), (nan, 0.0), (0.0, nan), (0.0, 0.0)]) == [False, False, False, True]


@pytest.mark.parametrize(
    "sides", [(0, 10, 1, 9), (-181, 0, 0, 1), (0, 0, 180.5, 1), (0, -91, 1, 0), (0, 0, 1, 91), (float("nan"), 0, 1, 1)]
)
def test_a_wrong_box_says_what_is_right(sides: tuple[float, float, float, float]) -> None:
    with pytest.raises(BadRequest, match=r"^bbox can't be .*west,south,east,north"):
        Box(*sides)


@pytest.mark.parametrize(
    "circle", [(91, 0, 1), (0, 181, 1), (0, 0, 0), (0, 0, -1), (0, 0, 20_017), (0, 0, float("nan")), (0, 0, math.inf)]
)
def test_a_wrong_circle_says_what_is_right(circle: tuple[float, float, float]) -> None:
    with pytest.raises(BadRequest, match=r"^near can't be .*latitude,longitude,km"):
        Near(*circle)


def test_polygons_that_overlap_are_looked_up_one_by_one_and_others_together() -> None:
    islands = [square(10 * i, 0, 4).polygons[0] for i in range(-10, 10)]
    assert Polygons(tuple(islands)).depth == 1
    assert Polygons((*islands, *square(5, 0, 4).polygons)).depth == 2
