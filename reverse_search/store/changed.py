"""Observations that have changed since a generation was built, as they are now."""

import uuid
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, select, union

from reverse_search.domain.evidence import Identification as Said
from reverse_search.domain.overlay import Change
from reverse_search.domain.words import QualityGrade
from reverse_search.store.models import Identification, Observation
from reverse_search.store.upsert import chunks

MOST_CHANGES = 20_000
_LOOKUP_ROWS = 500


def read_changes(connection: Connection, since: int, most: int = MOST_CHANGES) -> list[Change] | None:
    """Observations of which anything was written after change number `since`.

    A number is taken by locking one row until the writer commits, so none below `since` can still come.

    Args:
        connection: a snapshot, so that all of it is of one moment.
        since: a generation's watermark.
        most: more than this are no job for an overlay, but for the nightly one.

    Returns:
        Them, deleted ones included; None where there are more than `most`.
    """
    changed = union(
        select(Observation.id).where(Observation.change_seq > since),
        select(Identification.observation_id).where(Identification.change_seq > since),
    )
    ids = list(connection.scalars(changed.limit(most + 1)))
    if len(ids) > most:
        return None
    return [change for part in chunks(ids, _LOOKUP_ROWS) for change in _read(connection, part)]


def _read(connection: Connection, ids: Sequence[int]) -> list[Change]:
    said = _identifications(connection, ids)
    columns = Observation.__table__.c
    statement = select(
        columns.id,
        columns.uuid,
        columns.taxon_id,
        columns.quality_grade,
        columns.deleted,
        columns.identifications_complete,
    ).where(columns.id.in_(ids))
    return [
        Change(
            uuid=uuid.UUID(row.uuid).bytes,
            taxon_id=row.taxon_id,
            quality_grade=QualityGrade(row.quality_grade),
            deleted=row.deleted,
            list_is_complete=row.identifications_complete,
            identifications=tuple(said[row.id]),
        )
        for row in connection.execute(statement)
    ]


def _identifications(connection: Connection, ids: Sequence[int]) -> defaultdict[int, list[Said]]:
    columns = Identification.__table__.c
    statement = select(
        columns.observation_id,
        columns.taxon_id,
        columns.user_id,
        columns.current,
        columns.hidden,
        columns.disagreement,
        columns.previous_taxon_id,
    ).where(columns.observation_id.in_(ids))
    found: defaultdict[int, list[Said]] = defaultdict(list)
    for row in connection.execute(statement):
        said = Said(row.taxon_id, row.user_id, row.current, row.hidden, row.disagreement, row.previous_taxon_id)
        found[row.observation_id].append(said)
    return found
