"""GeoJSON (RFC 7946) to polygons and back."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from reverse_search.errors import BadRequest
from reverse_search.geo.areas import Polygons, Position, Ring

MAX_BYTES = 64 * 1024
MAX_POSITIONS = 5000
MAX_DEPTH = 16
"""How many polygons may overlap: each costs a look of its own at every point there."""
DECIMALS = 7
"""Of a degree, about a centimetre: more digits than that make texts longer and nothing better."""
GEOMETRIES = ("Polygon", "MultiPolygon")
TYPES = (*GEOMETRIES, "Feature", "FeatureCollection")


def read_polygons(text: str) -> Polygons:
    """Read a Polygon, a MultiPolygon, or a Feature or FeatureCollection of them.

    An edge may not be longer than 180° of longitude, unless it goes all the way round: it might as well mean the short
    way, across the antimeridian. An area there is cut in two, or drawn beyond it (longitudes 170 to 190).

    Raises:
        BadRequest: it is something else, or too large.
    """
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise BadRequest(f"the polygon is longer than {MAX_BYTES // 1024} KiB; simplify it")
    try:
        page = json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong("isn't JSON", "a GeoJSON object, such as " + write_polygons(EXAMPLE)) from None
    polygons = Polygons(tuple(_polygon(rings) for geometry in _geometries(page) for rings in _polygons_of(geometry)))
    _check_size(polygons)
    return polygons


def write_polygons(polygons: Polygons) -> str:
    """As the text of a Polygon or a MultiPolygon: what `read_polygons` reads as the same."""
    listed = [[[[_short(x), _short(y)] for x, y in ring] for ring in rings] for rings in polygons.polygons]
    single = len(listed) == 1
    page = {"type": GEOMETRIES[not single], "coordinates": listed[0] if single else listed}
    return json.dumps(page, separators=(",", ":"))


EXAMPLE = Polygons(((((18.0, -34.0), (19.0, -34.0), (19.0, -33.0), (18.0, -34.0)),),))


def _geometries(page: Any) -> Iterator[dict[str, Any]]:
    kind = _type_of(page)
    if kind == "FeatureCollection":
        for feature in _listed(page.get("features"), "features"):
            if _type_of(feature) != "Feature":
                raise _wrong("has features that aren't of the type Feature", "a FeatureCollection of features")
            yield from _geometries(feature)
    elif kind == "Feature":
        if _type_of(page.get("geometry")) not in GEOMETRIES:
            raise _wrong("has a feature in a feature", "a Feature with a Polygon or a MultiPolygon as its geometry")
        yield page["geometry"]
    else:
        yield page


def _type_of(page: Any) -> str:
    kind = page.get("type") if isinstance(page, dict) else None
    if kind not in TYPES:
        raise _wrong(f"has the GeoJSON type {str(kind)[:40]!r}", f"one of {', '.join(TYPES)}")
    return str(kind)


def _polygons_of(geometry: dict[str, Any]) -> list[Any]:
    coordinates = _listed(geometry.get("coordinates"), "coordinates")
    return [coordinates] if geometry["type"] == "Polygon" else coordinates


def _polygon(rings: Any) -> tuple[Ring, ...]:
    return tuple(_ring(ring) for ring in _listed(rings, "rings"))


def _ring(positions: Any) -> Ring:
    ring = tuple(_position(p) for p in _listed(positions, "positions"))
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise _wrong("has a ring that isn't closed", "rings of four positions or more, the last the same as the first")
    for (west, _), (east, _) in pairwise(ring):
        if 180 < abs(east - west) < 360:
            raise _wrong(
                f"has an edge from longitude {west:g} to {east:g}, which could go either way round the Earth",
                "two polygons if it crosses the antimeridian (or longitudes beyond 180, such as 170 to 190), "
                "and a position in between if it goes the long way",
            )
    return ring


def _position(values: Any) -> Position:
    if isinstance(values, list) and len(values) >= 2 and _is_in(values[0], 360) and _is_in(values[1], 90):
        return round(float(values[0]), DECIMALS), round(float(values[1]), DECIMALS)
    raise _wrong(f"has the position {str(values)[:60]}", "[longitude, latitude] in degrees, -360 to 360 and -90 to 90")


def _is_in(value: Any, most: float) -> bool:
    """Whether it is a number from -most to most. True and false are none, and NaN compares false."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


def _listed(values: Any, what: str) -> list[Any]:
    if not isinstance(values, list) or not values:
        raise _wrong(f"has no {what}", "GeoJSON with at least one ring of positions")
    return values


def _check_size(polygons: Polygons) -> None:
    positions = sum(len(ring) for rings in polygons.polygons for ring in rings)
    if positions > MAX_POSITIONS:
        raise BadRequest(f"the polygon has {positions:,} positions; simplify it to {MAX_POSITIONS:,} at most")
    if len(write_polygons(polygons)) > MAX_BYTES:
        raise BadRequest(f"the polygon is longer than {MAX_BYTES // 1024} KiB; simplify it")
    if polygons.depth > MAX_DEPTH:
        raise BadRequest(f"more than {MAX_DEPTH} of the polygons overlap; merge them into fewer")


def _wrong(what: str, right: str) -> BadRequest:
    return BadRequest(f"the polygon {what}; use {right}")


def _short(degrees: float) -> float:
    """A whole number without its ".0"."""
    return int(degrees) if float(degrees).is_integer() else degrees
