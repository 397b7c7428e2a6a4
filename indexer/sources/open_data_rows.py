"""What the columns of the open data mean, and how their rows reach the database.

The dump knows nothing of captivity, creation, obscured places or identifications, so its rows leave out those columns
and what other sources gave stays.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from indexer.sources import fields
from indexer.sources.tsv import Batch, Fields, Layout, Rejects
from reverse_search.store.identifications import upsert_identifications
from reverse_search.store.observations import (
    find_observations,
    mark_identifications_complete,
    upsert_observations,
    upsert_observers,
)
from reverse_search.store.photos import upsert_photos
from reverse_search.store.session import Connection
from reverse_search.store.taxa import upsert_taxa
from reverse_search.store.upsert import Row, Value

SOURCE = "open-data"

Values = tuple[Value, ...]

TAXON_COLUMNS = ("taxon_id", "ancestry", "rank_level", "rank", "name", "active")
OBSERVER_COLUMNS = ("observer_id", "login", "name")
OBSERVATION_COLUMNS = (
    "uuid",
    "observer_id",
    "latitude",
    "longitude",
    "positional_accuracy_m",
    "taxon_id",
    "quality_grade",
    "observed_on",
    "source",
)
PHOTO_COLUMNS = ("observation_id", "photo_id", "extension", "uuid", "license", "width", "height", "position")
IDENTIFICATION_COLUMNS = (
    "observation_id",
    "identification_id",
    "user_id",
    "taxon_id",
    "current",
    "category",
    "disagreement",
    "hidden",
    "previous_taxon_id",
    "created_at",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the dump.

    Attributes:
        name: of the file, without extension.
        layout: its columns.
        convert: makes database values of a row's fields, or raises BadField.
        write: writes a batch of them; returns how many were accepted, and how many of these were new or changed.
    """

    name: str
    layout: Layout
    convert: Callable[[Fields], Values]
    write: Callable[[Connection, Batch[Values], Rejects], tuple[int, int]]


def _taxon(row: Fields) -> Values:
    taxon_id, ancestry, rank_level, rank, name, active = row
    return (
        fields.positive_id(taxon_id),
        fields.ancestry(ancestry),
        fields.level(rank_level),
        fields.required_text(rank),
        fields.required_text(name),
        fields.boolean(active),
    )


def _observer(row: Fields) -> Values:
    observer_id, login, name = row
    return fields.positive_id(observer_id), login, name or None


def _observation(row: Fields) -> Values:
    uuid, observer_id, latitude, longitude, accuracy, taxon_id, quality_grade, observed_on = row
    return (
        fields.uuid(uuid),
        fields.positive_id(observer_id),
        *fields.coordinates(latitude, longitude),
        fields.optional_count(accuracy),
        fields.optional_id(taxon_id),
        fields.quality_grade(quality_grade),
        fields.optional_date(observed_on),
        SOURCE,
    )


def _photo(row: Fields) -> Values:
    photo_id, observation_uuid, extension, uuid, license_name, width, height, position = row
    return (
        fields.uuid(observation_uuid),
        fields.positive_id(photo_id),
        fields.extension(extension),
        fields.optional_uuid(uuid),
        license_name or None,
        fields.optional_count(width),
        fields.optional_count(height),
        fields.optional_count(position) or 0,
    )


def _identification(row: Fields) -> Values:
    identification_id, observation_uuid, user_id, taxon_id, current, *optional = row
    category, disagreement, hidden, previous_taxon_id, created_at = optional
    return (
        fields.uuid(observation_uuid),
        fields.positive_id(identification_id),
        fields.positive_id(user_id),
        fields.positive_id(taxon_id),
        fields.boolean(current),
        fields.category(category),
        fields.optional_boolean(disagreement),
        fields.optional_boolean(hidden) or False,
        fields.optional_id(previous_taxon_id),
        fields.optional_moment(created_at),
    )


def _write_taxa(connection: Connection, batch: Batch[Values], _: Rejects) -> tuple[int, int]:
    return len(batch.rows), upsert_taxa(connection, TAXON_COLUMNS, _last_of_each(batch.rows))


def _write_observers(connection: Connection, batch: Batch[Values], _: Rejects) -> tuple[int, int]:
    return len(batch.rows), upsert_observers(connection, OBSERVER_COLUMNS, _last_of_each(batch.rows))


def _write_observations(connection: Connection, batch: Batch[Values], _: Rejects) -> tuple[int, int]:
    return len(batch.rows), upsert_observations(connection, OBSERVATION_COLUMNS, _last_of_each(batch.rows))


def _write_photos(connection: Connection, batch: Batch[Values], rejects: Rejects) -> tuple[int, int]:
    rows = _with_observation_ids(connection, batch, rejects)
    # The same photo may show in several observations, so both ids make the key.
    unique = {(row[0], row[1]): row for row in rows}
    return len(rows), upsert_photos(connection, PHOTO_COLUMNS, list(unique.values()))


def _write_identifications(connection: Connection, batch: Batch[Values], rejects: Rejects) -> tuple[int, int]:
    rows = _with_observation_ids(connection, batch, rejects)
    unique = {row[1]: row for row in rows}
    changed = upsert_identifications(connection, IDENTIFICATION_COLUMNS, list(unique.values()))
    mark_identifications_complete(connection, sorted({cast(int, row[0]) for row in rows}))
    return len(rows), changed


def _with_observation_ids(connection: Connection, batch: Batch[Values], rejects: Rejects) -> list[Values]:
    """The rows with the internal id in the place of the observation's uuid; without a known one they are rejected."""
    ids = find_observations(connection, [cast(str, row[0]) for row in batch.rows])
    rows: list[Values] = []
    for row, place, observation_id in zip(batch.rows, batch.at, ids, strict=True):
        if observation_id is None:
            rejects.add(batch.first_line + place, "unknown observation", batch.lines[place])
        else:
            rows.append((observation_id, *row[1:]))
    return rows


def _last_of_each(rows: Iterable[Values]) -> list[Row]:
    """Without rows that a later one of the same key overwrites: they would make every import look like a change."""
    return list({row[0]: row for row in rows}.values())


PARTS = (
    Part("taxa", Layout(("taxon_id", "ancestry", "rank_level", "rank", "name", "active")), _taxon, _write_taxa),
    Part("observers", Layout(("observer_id", "login", "name")), _observer, _write_observers),
    Part(
        "observations",
        Layout(
            (
                "observation_uuid",
                "observer_id",
                "latitude",
                "longitude",
                "positional_accuracy",
                "taxon_id",
                "quality_grade",
                "observed_on",
            )
        ),
        _observation,
        _write_observations,
    ),
    Part(
        "photos",
        Layout(
            ("photo_id", "observation_uuid", "extension"),
            optional=("photo_uuid", "license", "width", "height", "position"),
        ),
        _photo,
        _write_photos,
    ),
)
"""The files of a dump, in the order in which they refer to each other."""

IDENTIFICATIONS = Part(
    "identifications",
    Layout(
        ("identification_id", "observation_uuid", "user_id", "taxon_id", "current"),
        optional=("category", "disagreement", "hidden", "previous_observation_taxon_id", "created_at"),
    ),
    _identification,
    _write_identifications,
)
"""Not part of a real dump: what the platform's API would add. An observation in it has its list complete."""
