"""Areas on the map, and which points lie in them: rectangles, circles on the sphere, polygons.

Coordinates are in degrees, latitude and longitude of WGS 84, distances in kilometres on a sphere. Edges belong to an
area, the antimeridian has two names (180 and -180), and a point with a missing coordinate (NaN) lies nowhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import shapely

from reverse_search.domain.arrays import BoolArray, DoubleArray, IntArray
from reverse_search.errors import BadRequest
from reverse_search.geo.presence import EARTH_RADIUS_KM

HALFWAY_ROUND_KM = float(np.pi * EARTH_RADIUS_KM)
MARGIN_DEGREES = 1e-5
"""Added around a circle's rectangle, so that rounding never cuts into the circle."""
Position = tuple[float, float]
Ring = tuple[Position, ...]


class Area(Protocol):
    """A part of the map."""

    @property
    def bounds(self) -> "Box":
        """A rectangle around all of it."""
        ...

    def holds(self, latitudes: DoubleArray, longitudes: DoubleArray) -> BoolArray:
        """Which points lie in it: (n,) degrees → (n,) bool."""
        ...


def inside(area: Area, latitudes: DoubleArray, longitudes: DoubleArray, among: BoolArray) -> BoolArray:
    """Which points lie in an area, the costly test being spared for those that its rectangle leaves.

    Args:
        area: where.
        latitudes: (n,) float64 degrees, NaN where missing.
        longitudes: (n,) float64 degrees, NaN where missing.
        among: (n,) bool, the points to look at; the others come out as False.

    Returns:
        (n,) bool.
    """
    rows = np.flatnonzero(among & area.bounds.holds(latitudes, longitudes))
    found = np.zeros(len(among), dtype=np.bool_)
    found[rows] = area.holds(latitudes[rows], longitudes[rows])
    return found


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of degrees. With west > east it crosses the antimeridian.

    Attributes:
        west: longitude from -180 to 180.
        south: latitude from -90 to 90.
        east: longitude from -180 to 180.
        north: latitude from `south` to 90.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        in_range = -180 <= self.west <= 180 and -180 <= self.east <= 180
        if not (in_range and -90 <= self.south <= self.north <= 90):
            raise BadRequest(
                f"bbox can't be {self.west:g},{self.south:g},{self.east:g},{self.north:g}; use west,south,east,north: "
                "longitudes from -180 to 180 (west > east crosses the antimeridian), latitudes from -90 to 90, "
                "south below north"
            )

    @property
    def bounds(self) -> "Box":
        """Itself."""
        return self

    def holds(self, latitudes: DoubleArray, longitudes: DoubleArray) -> BoolArray:
        """Which points lie in it: (n,) degrees → (n,) bool."""
        inside: BoolArray = (latitudes >= self.south) & (latitudes <= self.north)
        if self.west > self.east:
            return inside & ((longitudes >= self.west) | (longitudes <= self.east))
        across = (longitudes >= self.west) & (longitudes <= self.east)
        if self.west == -180 or self.east == 180:
            across |= np.abs(longitudes) == 180
        return inside & across


@dataclass(frozen=True, slots=True)
class Near:
    """A circle on the sphere, by great-circle distance.

    Attributes:
        latitude: of its middle, from -90 to 90.
        longitude: of its middle, from -180 to 180.
        radius_km: more than 0, at most half the way round the Earth.
    """

    latitude: float
    longitude: float
    radius_km: float

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180 and 0 < self.radius_km <= 20_016):
            raise BadRequest(
                f"near can't be {self.latitude:g},{self.longitude:g},{self.radius_km:g}; use latitude,longitude,km: "
                "-90 to 90, -180 to 180, and a radius above 0 and at most 20016 km"
            )

    @property
    def bounds(self) -> Box:
        """A rectangle around it: all longitudes where a pole lies in the circle."""
        angle = self.radius_km / EARTH_RADIUS_KM
        reach = np.degrees(angle) + MARGIN_DEGREES
        south, north = float(self.latitude - reach), float(self.latitude + reach)
        if south <= -90 or north >= 90:
            return Box(-180, max(south, -90.0), 180, min(north, 90.0))
        # Where meridians touch the circle, which is not at the latitude of its middle but nearer the pole.
        width = float(np.degrees(np.arcsin(np.sin(angle) / np.cos(np.radians(self.latitude))))) + MARGIN_DEGREES
        return Box(_wrapped(self.longitude - width), south, _wrapped(self.longitude + width), north)

    def holds(self, latitudes: DoubleArray, longitudes: DoubleArray) -> BoolArray:
        """Which points lie in it, by the haversine formula: (n,) degrees → (n,) bool."""
        lat, middle = np.radians(latitudes), np.radians(self.latitude)
        across = np.sin(np.radians(longitudes - self.longitude) / 2) ** 2
        haversine = np.sin((lat - middle) / 2) ** 2 + np.cos(middle) * np.cos(lat) * across
        # Rounding may push the antipode's haversine above 1, the greatest there is.
        return np.asarray(np.minimum(haversine, 1.0) <= np.sin(min(self.radius_km / EARTH_RADIUS_KM, np.pi) / 2) ** 2)


@dataclass(frozen=True, slots=True)
class Polygons:
    """Polygons, with holes; a point lies in them if it lies in any. `geojson.read_polygons` makes them.

    Edges are straight lines of longitude and latitude. Within one ring the even-odd rule holds, so one that crosses
    itself has an inside, too. What lies in a hole is out, however holes overlap or stick out of the outer ring. An area
    across the antimeridian is either cut there in two, or drawn beyond it (longitudes 170 to 190): longitudes may go
    from -360 to 360, and points are looked for under all their names.

    Attributes:
        polygons: of each polygon its rings, the outer one first, then the holes. A ring is a tuple of (longitude,
            latitude), the last the same as the first.
    """

    polygons: tuple[tuple[Ring, ...], ...]

    @property
    def bounds(self) -> Box:
        """A rectangle around all of them."""
        west, south, east, north = shapely.total_bounds(self._shapes()).tolist()
        if east - west >= 360:
            return Box(-180, south, 180, north)
        return Box(_wrapped(west), south, _wrapped(east), north)

    def holds(self, latitudes: DoubleArray, longitudes: DoubleArray) -> BoolArray:
        """Which points lie in them: (n,) degrees → (n,) bool."""
        found = np.zeros(len(latitudes), dtype=np.bool_)
        shapes = self._shapes()
        for layer in _layers(shapely.bounds(shapes)):
            part = shapely.MultiPolygon(shapes[layer].tolist())
            shapely.prepare(part)
            west, _, east, _ = part.bounds
            for turned in _names_between(longitudes, west, east):
                rows = _in_rectangle(np.flatnonzero(~found), turned, latitudes, part.bounds)
                held = np.zeros(len(latitudes), dtype=np.bool_)
                held[rows] = shapely.intersects_xy(part, turned[rows], latitudes[rows])
                self._cut_holes(layer, held, turned, latitudes)
                found |= held
        return found

    def _cut_holes(self, layer: list[int], held: BoolArray, longitudes: DoubleArray, latitudes: DoubleArray) -> None:
        """Clear what lies in a hole of the polygon that holds it: those of one layer lie in rectangles of their own."""
        for outer, *holes in (self.polygons[i] for i in layer):
            for hole in holes:
                rows = np.flatnonzero(held)
                for bounds in (shapely.LinearRing(outer).bounds, shapely.LinearRing(hole).bounds):
                    rows = _in_rectangle(rows, longitudes, latitudes, bounds)
                area = shapely.Polygon(hole)
                shapely.prepare(area)
                held[rows[shapely.intersects_xy(area, longitudes[rows], latitudes[rows])]] = False

    @property
    def depth(self) -> int:
        """How many looks a point costs: 1, or more where the rectangles of polygons overlap."""
        return len(_layers(shapely.bounds(self._shapes())))

    def _shapes(self) -> Any:
        return np.array([shapely.Polygon(outer) for outer, *_ in self.polygons], dtype=object)


def _in_rectangle(
    rows: IntArray, longitudes: DoubleArray, latitudes: DoubleArray, bounds: tuple[float, float, float, float]
) -> IntArray:
    """Of some rows those whose points lie in (west, south, east, north)."""
    west, south, east, north = bounds
    rows = rows[(longitudes[rows] >= west) & (longitudes[rows] <= east)]
    return rows[(latitudes[rows] >= south) & (latitudes[rows] <= north)]


def _layers(boxes: DoubleArray) -> list[list[int]]:
    """Rectangles, (n, 4) west, south, east, north, in groups that don't touch one another.

    A group of polygons is looked up as one shape, so that a thousand islands cost little more than a continent.
    Overlapping ones can't be: by the even-odd rule a point in two of them would be in none.
    """
    layers: list[list[int]] = []
    for i, (west, south, east, north) in enumerate(boxes.tolist()):
        for layer in layers:
            others = boxes[layer]
            apart = (others[:, 0] > east) | (others[:, 2] < west) | (others[:, 1] > north) | (others[:, 3] < south)
            if apart.all():
                layer.append(i)
                break
        else:
            layers.append([i])
    return layers


def _names_between(longitudes: DoubleArray, west: float, east: float) -> Iterator[DoubleArray]:
    """The longitudes, and those turned once round the Earth where a shape from west to east reaches that far."""
    yield longitudes
    if east >= 180:
        yield longitudes + 360
    if west <= -180:
        yield longitudes - 360


def _wrapped(longitude: float) -> float:
    """A longitude from -360 to 360 as one from -180 to 180."""
    if longitude > 180:
        return longitude - 360
    return longitude + 360 if longitude < -180 else longitude
