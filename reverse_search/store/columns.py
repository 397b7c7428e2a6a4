"""All rows as numpy columns, read in one snapshot: what an index is built from.

Observations are ordered by uuid, because internal ids differ between databases and a build should be reproducible.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from reverse_search.domain.arrays import AnyArray, BoolArray, DoubleArray, Int32Array, IntArray
from reverse_search.domain.taxonomy import TaxonRow
from reverse_search.store.changes import watermark
from reverse_search.store.decisions import touched_observation_ids
from reverse_search.store.scan import Names, day, flag_or, measure, number, number_or, scan, uuid_bytes, word
from reverse_search.store.taxa import load_taxa

NO_DAY = -(2**31)
UNKNOWN = -1
GRADES = ("casual", "needs_id", "research")
PROBLEMS = ("", "missing", "unreadable", "unreachable")
"""A photo's `problem` is a position in this tuple."""


@dataclass(frozen=True, eq=False, slots=True)
class ObservationColumns:
    """One row per observation that isn't deleted, ordered by uuid.

    Attributes:
        ids: (n,) int64, internal ids of this database.
        uuids: (n, 16) uint8.
        platform_ids: (n,) int64, -1 where unknown.
        observer_ids: (n,) int64.
        taxon_ids: (n,) int64, the platform's id of the own taxon, -1 for none.
        grades: (n,) int8, a position in `GRADES`.
        captive: (n,) int8: -1 unknown, 0 no, 1 yes.
        latitudes: (n,) float64 degrees, NaN where unknown.
        longitudes: (n,) float64 degrees, NaN where unknown.
        accuracies_m: (n,) int32, -1 where unknown.
        obscured: (n,) int8: -1 unknown, 0 no, 1 yes.
        observed_days: (n,) int32, days since 1970, `NO_DAY` where unknown.
        created_days: (n,) int32, likewise.
        identifications_complete: (n,) bool, the list is complete and fresher than the own taxon.
    """

    ids: IntArray
    uuids: AnyArray
    platform_ids: IntArray
    observer_ids: IntArray
    taxon_ids: IntArray
    grades: AnyArray
    captive: AnyArray
    latitudes: DoubleArray
    longitudes: DoubleArray
    accuracies_m: Int32Array
    obscured: AnyArray
    observed_days: Int32Array
    created_days: Int32Array
    identifications_complete: BoolArray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False, slots=True)
class PhotoColumns:
    """One row per photo of an observation, ordered by observation row, position and photo id.

    Attributes:
        photo_ids: (n,) int64; a photo of two observations has two rows.
        observation_rows: (n,) int64, ascending.
        widths: (n,) int32, -1 where unknown.
        heights: (n,) int32, likewise.
        problems: (n,) int8, a position in `PROBLEMS`.
        licenses: (n,) int16, a position in `license_names`.
        extensions: (n,) int16, a position in `extension_names`.
        license_names: licences that occur, sorted, "" for none.
        extension_names: extensions that occur, sorted.
    """

    photo_ids: IntArray
    observation_rows: IntArray
    widths: Int32Array
    heights: Int32Array
    problems: AnyArray
    licenses: AnyArray
    extensions: AnyArray
    license_names: tuple[str, ...]
    extension_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.photo_ids)


@dataclass(frozen=True, eq=False, slots=True)
class IdentificationColumns:
    """One row per identification, ordered by observation row and identification id.

    Attributes:
        identification_ids: (n,) int64.
        observation_rows: (n,) int64, ascending.
        user_ids: (n,) int64.
        taxon_ids: (n,) int64, the platform's ids.
        current: (n,) bool.
        hidden: (n,) bool.
        disagreements: (n,) int8: -1 null, 0 no, 1 yes.
        previous_taxon_ids: (n,) int64, -1 for none.
        created_days: (n,) int32, days since 1970, `NO_DAY` where unknown.
    """

    identification_ids: IntArray
    observation_rows: IntArray
    user_ids: IntArray
    taxon_ids: IntArray
    current: BoolArray
    hidden: BoolArray
    disagreements: AnyArray
    previous_taxon_ids: IntArray
    created_days: Int32Array

    def __len__(self) -> int:
        return len(self.identification_ids)


@dataclass(frozen=True, eq=False, slots=True)
class SnapshotColumns:
    """Everything a build needs, as it stood at one moment.

    Attributes:
        observations: one row per observation.
        photos: one row per photo.
        identifications: one row per identification.
        taxa: all taxa by ascending id.
        touched: (n,) int64, ascending rows of observations that someone has decided on.
        watermark: no row here has a higher `change_seq`, and every later change will.
    """

    observations: ObservationColumns
    photos: PhotoColumns
    identifications: IdentificationColumns
    taxa: Sequence[TaxonRow]
    touched: IntArray
    watermark: int


def read_columns(connection: Connection) -> SnapshotColumns:
    """Read all there is. `connection` must be of `Database.snapshot()`, or the parts may not fit together."""
    observations = _observations(connection)
    by_id = np.argsort(observations.ids, kind="stable")
    rows = _RowOf(observations.ids[by_id], by_id)
    touched = rows(touched_observation_ids(connection))
    return SnapshotColumns(
        observations=observations,
        photos=_photos(connection, rows),
        identifications=_identifications(connection, rows),
        taxa=list(load_taxa(connection)),
        touched=np.sort(touched[touched >= 0]),
        watermark=watermark(connection),
    )


@dataclass(frozen=True, slots=True)
class _RowOf:
    """Observation rows of internal ids, -1 for those that aren't read."""

    sorted_ids: IntArray
    order: IntArray

    def __call__(self, ids: IntArray) -> IntArray:
        if not len(self.sorted_ids):
            return np.full(len(ids), UNKNOWN, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.sorted_ids, ids), len(self.sorted_ids) - 1)
        return np.where(self.sorted_ids[at] == ids, self.order[at], UNKNOWN)


def _observations(connection: Connection) -> ObservationColumns:
    sqlite = connection.dialect.name == "sqlite"
    read = scan(
        connection,
        (
            number("id", np.int64),
            uuid_bytes("uuid"),
            number_or("platform_id", np.int64, UNKNOWN),
            number("observer_id", np.int64),
            number_or("taxon_id", np.int64, UNKNOWN),
            word("quality_grade", GRADES),
            flag_or("captive", UNKNOWN),
            measure("latitude"),
            measure("longitude"),
            number_or("positional_accuracy_m", np.int32, UNKNOWN),
            flag_or("obscured", UNKNOWN),
            day("observed_on", NO_DAY, sqlite=sqlite),
            day("created_at", NO_DAY, sqlite=sqlite),
            number("identifications_complete", np.bool_),
        ),
        "observations WHERE NOT deleted",
    )
    halves = np.ascontiguousarray(read["uuid"]).view(">u8")
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    return ObservationColumns(*(read.pop(name)[order] for name in tuple(read)))


def _photos(connection: Connection, rows: _RowOf) -> PhotoColumns:
    licenses, extensions = Names(), Names()
    read = scan(
        connection,
        (
            number("photo_id", np.int64),
            number("observation_id", np.int64),
            number("position", np.int32),
            number_or("width", np.int32, UNKNOWN),
            number_or("height", np.int32, UNKNOWN),
            word("problem", PROBLEMS),
            licenses.column("license"),
            extensions.column("extension"),
        ),
        "photos WHERE NOT deleted",
    )
    observation_rows = rows(read.pop("observation_id"))
    order = np.lexsort((read["photo_id"], read.pop("position"), observation_rows))
    order = order[observation_rows[order] >= 0]
    license_codes, license_names = licenses.sorted(read["license"])
    extension_codes, extension_names = extensions.sorted(read["extension"])
    return PhotoColumns(
        photo_ids=read["photo_id"][order],
        observation_rows=observation_rows[order],
        widths=read["width"][order],
        heights=read["height"][order],
        problems=read["problem"][order],
        licenses=license_codes[order],
        extensions=extension_codes[order],
        license_names=license_names,
        extension_names=extension_names,
    )


def _identifications(connection: Connection, rows: _RowOf) -> IdentificationColumns:
    read = scan(
        connection,
        (
            number("identification_id", np.int64),
            number("observation_id", np.int64),
            number("user_id", np.int64),
            number("taxon_id", np.int64),
            number("current", np.bool_),
            number("hidden", np.bool_),
            flag_or("disagreement", UNKNOWN),
            number_or("previous_taxon_id", np.int64, UNKNOWN),
            day("created_at", NO_DAY, sqlite=connection.dialect.name == "sqlite"),
        ),
        "identifications",
    )
    read["observation_id"] = rows(read["observation_id"])
    order = np.lexsort((read["identification_id"], read["observation_id"]))
    order = order[read["observation_id"][order] >= 0]
    return IdentificationColumns(*(read.pop(name)[order] for name in tuple(read)))
