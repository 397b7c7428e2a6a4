"""Where any taxon has been recorded, prepared so that a search over a whole class answers as fast as over a species.

The same answers as `presence.TaxonPresence`: there all cells around a point are gone through, here the few that are
nearest to it decide.
"""

from functools import cached_property
from typing import Any

import h3.api.memview_int as h3
import numpy as np
from scipy.spatial import cKDTree

from reverse_search.domain.arrays import BoolArray, DoubleArray, Int32Array, IntArray
from reverse_search.geo.presence import CELL_RADIUS_KM, EARTH_RADIUS_KM, SEVERAL, Presence, unit_points

NEAREST = 4
"""Cells looked at around each point; only where all of them are the observer's own are all others looked at."""
FEW_RECORDS = 2000
"""Up to here the cells of a taxon are converted when asked for; above, those of all taxa are, once."""


class RecordedPlaces:
    """All taxa's cells."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence

    def of(self, taxon: int, leave: int) -> "Places":
        """Where subtree(taxon), whose nodes are [taxon, leave), has been recorded."""
        nodes = self._presence.nodes
        low, high = np.searchsorted(nodes, np.array([taxon, leave], dtype=nodes.dtype)).tolist()
        observers = self._presence.observers[low:high]
        if high - low <= FEW_RECORDS:
            points, codes = _places_of(self._presence.cells[low:high])
        else:
            points, all_codes = self._all
            codes = all_codes[low:high]
        present, sole = _sole_observers(codes, observers, len(points))
        return Places(points[present], sole, int(self._presence.records[low:high].sum()))

    @cached_property
    def _all(self) -> tuple[DoubleArray, Int32Array]:
        """(n_cells, 3) centres of all distinct cells, and for each record the number of its cell."""
        return _places_of(self._presence.cells)


class Places:
    """Where one taxon has been recorded."""

    def __init__(self, points: DoubleArray, observers: IntArray, records: int) -> None:
        """Take (n, 3) centres of cells on the unit sphere and the one observer of each, or SEVERAL."""
        self._observers = observers
        self._tree: Any = cKDTree(points) if len(points) else None
        self._records = records

    @property
    def records(self) -> int:
        """How many records there are anywhere."""
        return self._records

    def near(
        self, latitudes: DoubleArray, longitudes: DoubleArray, observers: IntArray, radius_km: DoubleArray
    ) -> BoolArray:
        """Whether somebody else recorded it within the radius. All (n,); false where a coordinate is missing."""
        found = np.zeros(len(latitudes), dtype=np.bool_)
        usable = np.flatnonzero(np.isfinite(latitudes) & np.isfinite(longitudes))
        if self._tree is not None and len(usable):
            points = unit_points(latitudes[usable], longitudes[usable])
            reach = _chords(radius_km[usable] + CELL_RADIUS_KM)
            found[usable] = self._near(points, observers[usable], reach)
        return found

    def _near(self, points: DoubleArray, observers: IntArray, reach: DoubleArray) -> BoolArray:
        k = min(NEAREST, len(self._observers))
        distances, cells = self._tree.query(points, k=np.arange(1, k + 1), distance_upper_bound=reach.max() * 1.000001)
        within = distances <= reach[:, None]
        others = np.append(self._observers, SEVERAL)[cells] != observers[:, None]
        found: BoolArray = (within & others).any(axis=1)
        for row in np.flatnonzero(within.all(axis=1) & ~found) if k < len(self._observers) else ():
            around = self._tree.query_ball_point(points[row], reach[row])
            found[row] = bool((self._observers[around] != observers[row]).any())
        return found


def _sole_observers(codes: Int32Array, observers: IntArray, n_cells: int) -> tuple[IntArray, IntArray]:
    """Cells that occur, ascending, and the one observer of each, or SEVERAL."""
    present = np.zeros(n_cells, dtype=np.bool_)
    present[codes] = True
    some = np.zeros(n_cells, dtype=np.int64)
    some[codes] = observers
    several = codes[(observers == SEVERAL) | (some[codes] != observers)]
    some[several] = SEVERAL
    cells = np.flatnonzero(present).astype(np.int64, copy=False)
    return cells, some[cells]


def _places_of(cells: IntArray) -> tuple[DoubleArray, Int32Array]:
    """(n_cells, 3) centres of the distinct cells, and for each row the number of its cell."""
    distinct, codes = np.unique(cells, return_inverse=True)
    centres = np.array([h3.cell_to_latlng(cell) for cell in distinct.tolist()], dtype=np.float64).reshape(-1, 2)
    return unit_points(centres[:, 0], centres[:, 1]), codes.astype(np.int32)


def _chords(distances_km: DoubleArray) -> DoubleArray:
    return np.asarray(2 * np.sin(np.minimum(distances_km / EARTH_RADIUS_KM, np.pi) / 2))
