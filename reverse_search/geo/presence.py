"""Presence cells: has this taxon, or anything below it, been recorded within some distance of a point?

Cells are H3 at resolution 5 (about 17 km between centres); a record counts as
nearby if the middle of its cell is within the distance plus the greatest radius of a cell, so none is missed.
"""

from dataclasses import dataclass

import h3
import numpy as np
from scipy.spatial import cKDTree

from reverse_search.domain.arrays import BoolArray, DoubleArray, Int32Array, IntArray

EARTH_RADIUS_KM = 6371.0088
RESOLUTION = 5
CELL_RADIUS_KM = 11.0
OBSCURED_EXTRA_KM = 30.0
"""Obscured coordinates are moved within a box of 0.2°, up to about 30 km from where the record was made."""
SEVERAL = -1


def cells_of(latitudes: DoubleArray, longitudes: DoubleArray) -> IntArray:
    """H3 cells, 0 where a coordinate is missing or out of range: (n,) degrees → (n,) int64."""
    usable = np.isfinite(latitudes) & np.isfinite(longitudes)
    usable &= (np.abs(np.nan_to_num(latitudes)) <= 90) & (np.abs(np.nan_to_num(longitudes)) <= 180)
    cells = np.zeros(len(latitudes), dtype=np.int64)
    for i in np.flatnonzero(usable):
        cells[i] = h3.str_to_int(h3.latlng_to_cell(float(latitudes[i]), float(longitudes[i]), RESOLUTION))
    return cells


def unit_points(latitudes: DoubleArray, longitudes: DoubleArray) -> DoubleArray:
    """Points on the unit sphere, (n, 3): straight-line distances there stand for distances on the ground."""
    lat, lng = np.radians(latitudes), np.radians(longitudes)
    return np.column_stack([np.cos(lat) * np.cos(lng), np.cos(lat) * np.sin(lng), np.sin(lat)])


def chord(distance_km: float) -> float:
    """Straight-line distance on the unit sphere of two points `distance_km` apart on the ground."""
    return float(2 * np.sin(min(distance_km / EARTH_RADIUS_KM, np.pi) / 2))


@dataclass(frozen=True, eq=False)
class Presence:
    """Verified records by taxon and cell, sorted by node, so that a subtree is one slice. All (n,).

    Attributes:
        nodes: int32 node of the label.
        cells: int64 H3 cells.
        records: int32 observations.
        observers: int64 the one observer, or SEVERAL. A place is no evidence for an observer's own observation.
    """

    nodes: Int32Array
    cells: IntArray
    records: Int32Array
    observers: IntArray

    @classmethod
    def from_records(cls, nodes: IntArray, cells: IntArray, observers: IntArray) -> "Presence":
        """Count records by (node, cell). Rows without a node or a cell are passed over."""
        known = (nodes >= 0) & (cells > 0)
        nodes, cells, observers = nodes[known], cells[known], observers[known]
        order = np.lexsort((observers, cells, nodes))
        nodes, cells, observers = nodes[order], cells[order], observers[order]
        new = (
            np.flatnonzero(np.r_[True, (nodes[1:] != nodes[:-1]) | (cells[1:] != cells[:-1])]) if len(nodes) else order
        )
        last = np.append(new[1:], len(nodes)) - 1 if len(new) else new
        return cls(
            nodes=nodes[new].astype(np.int32),
            cells=cells[new],
            records=(last - new + 1).astype(np.int32),
            observers=np.where(observers[new] == observers[last], observers[new], SEVERAL).astype(np.int64),
        )

    def of(self, taxon: int, leave: int) -> "TaxonPresence":
        """The cells of subtree(taxon), whose nodes are [taxon, leave)."""
        low, high = np.searchsorted(self.nodes, np.array([taxon, leave], dtype=self.nodes.dtype))
        return TaxonPresence(self.cells[low:high], self.records[low:high], self.observers[low:high])


class TaxonPresence:
    """Where one taxon has been recorded."""

    def __init__(self, cells: IntArray, records: Int32Array, observers: IntArray) -> None:
        self._records, self._observers = records, observers
        centres = np.array([h3.cell_to_latlng(h3.int_to_str(int(c))) for c in cells]).reshape(-1, 2)
        self._tree = cKDTree(unit_points(centres[:, 0], centres[:, 1])) if len(cells) else None

    @property
    def records(self) -> int:
        """How many records there are anywhere."""
        return int(self._records.sum())

    def near(
        self, latitudes: DoubleArray, longitudes: DoubleArray, observers: IntArray, radius_km: DoubleArray
    ) -> BoolArray:
        """Whether somebody else recorded it within the radius. All (n,); false where a coordinate is missing."""
        return self.count(latitudes, longitudes, observers, radius_km) > 0

    def count(
        self, latitudes: DoubleArray, longitudes: DoubleArray, observers: IntArray, radius_km: DoubleArray
    ) -> IntArray:
        """Other observers' records within the radius, (n,) int64; a cell that is the observer's alone counts 0."""
        found = np.zeros(len(latitudes), dtype=np.int64)
        usable = np.flatnonzero(np.isfinite(latitudes) & np.isfinite(longitudes))
        if self._tree is None or not len(usable):
            return found
        points = unit_points(latitudes[usable], longitudes[usable])
        reach = np.array([chord(r + CELL_RADIUS_KM) for r in radius_km[usable]])
        for row, hits in zip(usable, self._tree.query_ball_point(points, reach), strict=True):
            cells = np.asarray(hits, dtype=np.int64)
            others = self._observers[cells] != observers[row]
            found[row] = int(self._records[cells][others].sum())
        return found
