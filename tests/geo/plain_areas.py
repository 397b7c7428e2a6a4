"""Areas and points drawn at random, and what lies in them by plain definitions, one point at a time."""

import math
from itertools import pairwise

from hypothesis import strategies as st

from reverse_search.geo.areas import Box, Near, Polygons, Position, Ring

EARTH_RADIUS_KM = 6371.0088
EDGE = 1e-6


def degrees(most: float) -> st.SearchStrategy[float]:
    """Round numbers, too, which often meet, and both ends of the range."""
    return st.integers(-int(most), int(most)).map(float) | st.floats(-most, most) | st.sampled_from([-most, most])


def points() -> st.SearchStrategy[tuple[float, float]]:
    """(latitude, longitude), of which either may be missing."""
    nan = st.just(math.nan)
    somewhere = st.tuples(degrees(90), degrees(180))
    return somewhere | somewhere | st.tuples(degrees(90) | nan, degrees(180) | nan)


def boxes() -> st.SearchStrategy[Box]:
    def box(west: float, east: float, latitudes: list[float]) -> Box:
        return Box(west, min(latitudes), east, max(latitudes))

    return st.builds(box, degrees(180), degrees(180), st.lists(degrees(90), min_size=2, max_size=2))


def circles() -> st.SearchStrategy[Near]:
    return st.builds(Near, degrees(90), degrees(180), st.floats(0.01, 20_015) | st.floats(0.01, 500))


@st.composite
def _shapes(draw: st.DrawFn) -> tuple[Ring, ...]:
    """A polygon somewhere, whose ring may cross itself and the antimeridian, with a hole or without."""
    x, y = draw(degrees(270)), draw(degrees(90))
    reach = st.floats(-80, 80).map(lambda d: round(d, 3)) | st.integers(-80, 80).map(float)
    corners = [
        (x + dx, max(-90.0, min(90.0, y + dy)))
        for dx, dy in draw(st.lists(st.tuples(reach, reach), min_size=3, max_size=8))
    ]
    rings = [_closed(corners)]
    if draw(st.booleans()):
        middle_x, middle_y = (sum(values) / len(corners) for values in zip(*corners, strict=True))
        rings.append(_closed([(middle_x + (a - middle_x) / 3, middle_y + (b - middle_y) / 3) for a, b in corners]))
    return tuple(rings)


def polygons() -> st.SearchStrategy[Polygons]:
    return st.lists(_shapes(), min_size=1, max_size=3).map(lambda shapes: Polygons(tuple(shapes)))


def _closed(corners: list[Position]) -> Ring:
    return (*corners, corners[0])


def box_holds(box: Box, latitude: float, longitude: float) -> bool:
    if math.isnan(latitude) or math.isnan(longitude) or not box.south <= latitude <= box.north:
        return False
    names = {longitude} | ({-180.0, 180.0} if abs(longitude) == 180 else set())
    if box.west <= box.east:
        return any(box.west <= name <= box.east for name in names)
    return any(name >= box.west or name <= box.east for name in names)


def circle_holds(near: Near, latitude: float, longitude: float) -> bool | None:
    """By the spherical law of cosines; None within a metre of the edge or where that formula is too coarse to tell."""
    if math.isnan(latitude) or math.isnan(longitude):
        return False
    a, b, turn = (math.radians(d) for d in (near.latitude, latitude, longitude - near.longitude))
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    distance_km = EARTH_RADIUS_KM * math.acos(max(-1.0, min(1.0, cosine)))
    coarse = 1e-3 + EARTH_RADIUS_KM * 1e-14 / max(1e-8, math.sqrt(max(0.0, 1 - cosine * cosine)))
    return None if abs(distance_km - near.radius_km) < coarse else distance_km <= near.radius_km


def polygons_hold(area: Polygons, latitude: float, longitude: float) -> bool:
    return any(
        _surrounds(outer, longitude + turn, latitude)
        and not any(_surrounds(hole, longitude + turn, latitude) for hole in holes)
        for outer, *holes in area.polygons
        for turn in (-360, 0, 360)
    )


def _surrounds(ring: Ring, x: float, y: float) -> bool:
    """Whether a ray to the east meets an odd number of edges; it meets none from a point that is missing."""
    crossings = sum(
        (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1) for (x1, y1), (x2, y2) in pairwise(ring)
    )
    return crossings % 2 == 1


def edge_is_near(area: Polygons, latitude: float, longitude: float) -> bool:
    """Whether an edge is so near that rounding decides."""
    return any(
        _distance((longitude + turn, latitude), start, end) < EDGE
        for rings in area.polygons
        for ring in rings
        for start, end in pairwise(ring)
        for turn in (-360, 0, 360)
    )


def _distance(point: Position, start: Position, end: Position) -> float:
    (x, y), (x1, y1), (x2, y2) = point, start, end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = 0.0 if length == 0 else max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length))
    return math.hypot(x - (x1 + along * (x2 - x1)), y - (y1 + along * (y2 - y1)))
