import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.errors import BadRequest
from reverse_search.geo.areas import Polygons
from reverse_search.geo.geojson import DECIMALS, MAX_BYTES, MAX_DEPTH, MAX_POSITIONS, read_polygons, write_polygons
from tests.geo.plain_areas import polygons

TRIANGLE = [[0, 0], [10, 0], [0, 10], [0, 0]]
HOLE = [[1, 1], [2, 1], [1, 2], [1, 1]]
READ = Polygons(((((0.0, 0.0), (10.0, 0.0), (0.0, 10.0), (0.0, 0.0)),),))


def geometry(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(inner: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": "x"}, "geometry": inner}


@settings(deadline=None)
@given(polygons())
def test_round_trip(area: Polygons) -> None:
    rounded = Polygons(
        tuple(tuple(tuple((round(x, DECIMALS), round(y, DECIMALS)) for x, y in r) for r in p) for p in area.polygons)
    )
    assert read_polygons(write_polygons(area)) == rounded
    assert read_polygons(write_polygons(rounded)) == rounded


def test_every_type_that_has_polygons() -> None:
    one = geometry(TRIANGLE)
    for page in (one, feature(one), {"type": "FeatureCollection", "features": [feature(one)]}):
        assert read_polygons(json.dumps(page)) == READ
    many = {"type": "MultiPolygon", "coordinates": [[TRIANGLE, HOLE], [TRIANGLE]]}
    found = read_polygons(json.dumps({"type": "FeatureCollection", "features": [feature(one), feature(many)]}))
    assert [len(rings) for rings in found.polygons] == [1, 2, 1]


def test_heights_are_passed_over() -> None:
    assert read_polygons(json.dumps(geometry([[*p, 12.5] for p in TRIANGLE]))) == READ


def test_whole_numbers_are_written_short() -> None:
    assert write_polygons(READ) == '{"type":"Polygon","coordinates":[[[0,0],[10,0],[0,10],[0,0]]]}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "isn't JSON; use a GeoJSON object, such as"),
        ("{", "isn't JSON"),
        ("[" * 60_000, "isn't JSON"),
        ('{"type":"Polygon","coordinates":[[[0,' + "1" * 5000 + "]]]}", "isn't JSON|has the position"),
        ("[]", "has the GeoJSON type 'None'; use one of Polygon, MultiPolygon, Feature, FeatureCollection"),
        ('{"type": ["Polygon"]}', "has the GeoJSON type"),
        ('{"type": "Point", "coordinates": [0, 0]}', "has the GeoJSON type 'Point'; use one of Polygon"),
        ('{"type": "Feature", "geometry": null}', "has the GeoJSON type 'None'"),
        (json.dumps(feature(feature(geometry(TRIANGLE)))), "has a feature in a feature"),
        (json.dumps({"type": "FeatureCollection", "features": [geometry(TRIANGLE)]}), "aren't of the type Feature"),
        ('{"type": "FeatureCollection", "features": []}', "has no features"),
        ('{"type": "FeatureCollection"}', "has no features"),
        ('{"type": "Polygon"}', "has no coordinates"),
        ('{"type": "Polygon", "coordinates": []}', "has no coordinates"),
        ('{"type": "Polygon", "coordinates": [[]]}', "has no positions"),
        ('{"type": "MultiPolygon", "coordinates": [[]]}', "has no rings"),
        ('{"type": "MultiPolygon", "coordinates": [[[[0,0],[1,0],[0,1],[0,0]]], 5]}', "has no rings"),
        (json.dumps(geometry(TRIANGLE[:3])), "isn't closed; use rings of four positions or more"),
        (json.dumps(geometry([*TRIANGLE[:3], [1, 1]])), "isn't closed"),
        (json.dumps(geometry([[0, 0], [1, 0], [0, 0]])), "isn't closed"),
        (json.dumps(geometry([[0, 0], [10, 0], [0, 91], [0, 0]])), r"has the position \[0, 91\]; use \[longitude, lat"),
        (json.dumps(geometry([[0, 0], [361, 0], [0, 10], [0, 0]])), "has the position"),
        (json.dumps(geometry([[0, 0], [True, 0], [0, 10], [0, 0]])), "has the position"),
        (json.dumps(geometry([[0, 0], ["1", 0], [0, 10], [0, 0]])), "has the position"),
        (json.dumps(geometry([[0, 0], [1], [0, 10], [0, 0]])), "has the position"),
        (json.dumps(geometry([[0, 0], [float("nan"), 0], [0, 10], [0, 0]])), "has the position"),
        (json.dumps(geometry([[0, 0], [1e999, 0], [0, 10], [0, 0]])), "has the position"),
        (json.dumps(geometry(TRIANGLE, [])), "has no positions"),
    ],
)
def test_what_is_wrong_is_answered_with_what_is_right(text: str, message: str) -> None:
    with pytest.raises(BadRequest, match=f"^the polygon .*({message})"):
        read_polygons(text)


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=4)))
def test_any_coordinates_are_read_or_refused(coordinates: Any) -> None:
    for kind in ("Polygon", "MultiPolygon"):
        with suppress(BadRequest):
            assert read_polygons(json.dumps({"type": kind, "coordinates": coordinates})).polygons


def test_an_edge_that_could_go_either_way_round_is_refused() -> None:
    jumping = [[179, 0], [-179, 0], [-179, 5], [179, 5], [179, 0]]
    with pytest.raises(BadRequest, match=r"from longitude 179 to -179.*two polygons if it crosses the antimeridian"):
        read_polygons(json.dumps(geometry(jumping)))
    all_round = [[-180, 0], [180, 0], [180, 5], [-180, 5], [-180, 0]]
    assert read_polygons(json.dumps(geometry(all_round)))


def test_too_much_is_refused() -> None:
    with pytest.raises(BadRequest, match="longer than 64 KiB; simplify it"):
        read_polygons(json.dumps(geometry(TRIANGLE)) + " " * MAX_BYTES)
    line = [[i % 10, 0] for i in range(MAX_POSITIONS)]
    with pytest.raises(BadRequest, match="has 5,001 positions; simplify it to 5,000 at most"):
        read_polygons(json.dumps(geometry([*line, line[0]])))
    assert read_polygons(json.dumps(geometry([*line[:-1], line[0]])))
    pile = {"type": "MultiPolygon", "coordinates": [[TRIANGLE]] * (MAX_DEPTH + 1)}
    with pytest.raises(BadRequest, match="more than 16 of the polygons overlap; merge them"):
        read_polygons(json.dumps(pile))
    assert read_polygons(json.dumps(pile | {"coordinates": [[TRIANGLE]] * MAX_DEPTH}))


def test_what_would_be_too_long_when_written_again_is_refused_at_once() -> None:
    text = json.dumps(geometry([[1e-7, 1e-7]] * 4900), separators=(",", ":")).replace("1e-07", "1e-7")
    assert len(text) < MAX_BYTES
    with pytest.raises(BadRequest, match="longer than 64 KiB"):
        read_polygons(text)
