"""Photos, what is wrong with them, and where they lie."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from reverse_search.errors import PhotoProblem
from reverse_search.store.changes import give_back, next_change_seq
from reverse_search.store.models import Observation, Photo, PhotoRoot
from reverse_search.store.upsert import Row, Target, execute_many, upsert

# The same picture as before has the same problem as before; a new version of it deserves another try.
_SAME_PICTURE = (
    "NOT (photos.width {differs} excluded.width OR photos.height {differs} excluded.height "
    "OR photos.extension {differs} excluded.extension)"
)
_PHOTOS = Target(
    "photos",
    key=("photo_id", "observation_id"),
    also_set=(
        ("problem", f"CASE WHEN {_SAME_PICTURE} THEN photos.problem END", ""),
        ("problem_detail", f"CASE WHEN {_SAME_PICTURE} THEN photos.problem_detail END", ""),
        ("deleted", "false", "photos.deleted"),
    ),
)
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """One photo, whichever observation it stands in. `problem` is why it can't be used, None where nothing is known."""

    photo_id: int
    extension: str
    license: str | None
    problem: str | None
    problem_detail: str | None


def find_photo(connection: Connection, photo_id: int) -> PhotoRecord | None:
    """A photo by the platform's photo id.

    Returns:
        None where it is unknown, or deleted, or only observations that are deleted have it. Where it stands in several,
        the first of them that isn't deleted counts.
    """
    if abs(photo_id) > _LARGEST_ID:  # no database takes it, and anybody may ask for anything
        return None
    statement = (
        select(Photo.photo_id, Photo.extension, Photo.license, Photo.problem, Photo.problem_detail)
        .join(Observation, Observation.id == Photo.observation_id)
        .where(Photo.photo_id == photo_id, Photo.deleted.is_(False), Observation.deleted.is_(False))
        .order_by(Photo.observation_id)
        .limit(1)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else PhotoRecord(*row)


def upsert_photos(connection: Connection, columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Write photos; `observation_id` is the internal one. A photo whose size or extension changed loses its problem.

    Returns:
        How many were new or changed.
    """
    return upsert(connection, _PHOTOS, columns, rows)


def set_photo_problems(connection: Connection, problems: Iterable[tuple[int, PhotoProblem | None]]) -> int:
    """Record why photos (by the platform's photo id) can't be used, or, with None, that they can.

    Returns:
        How many rows changed.
    """
    rows = [(p.reason, str(p), photo_id, p.reason) if p else (None, None, photo_id, None) for photo_id, p in problems]
    differs = "IS NOT" if connection.dialect.name == "sqlite" else "IS DISTINCT FROM"
    if not rows:
        return 0
    change_seq = next_change_seq(connection)
    statement = (
        f"UPDATE photos SET problem = ?, problem_detail = ?, change_seq = {change_seq:d} "  # noqa: S608
        f"WHERE photo_id = ? AND problem {differs} ?"
    )
    changed = execute_many(connection, statement, rows)
    if not changed:
        give_back(connection, change_seq)
    return changed


def mark_photos_deleted(connection: Connection, photo_row_ids: Sequence[int]) -> int:
    """Mark photos (by internal row id) that are gone from their source. Returns how many were not yet marked."""
    if not photo_row_ids:
        return 0
    change_seq = next_change_seq(connection)
    statement = f"UPDATE photos SET deleted = true, change_seq = {change_seq:d} WHERE id = ? AND NOT deleted"  # noqa: S608
    changed = execute_many(connection, statement, [(row_id,) for row_id in photo_row_ids])
    if not changed:
        give_back(connection, change_seq)
    return changed


def add_photo_root(connection: Connection, folder: Path) -> Path:
    """Remember a folder of photos, `{photo_id}/{size}.{extension}`. Returns it as stored: absolute, links followed."""
    resolved = folder.resolve()
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    connection.execute(insert(PhotoRoot).values(path=str(resolved)).on_conflict_do_nothing())
    return resolved


def list_photo_roots(connection: Connection) -> list[Path]:
    """Folders of photos, in the order they were added."""
    return [Path(path) for path in connection.scalars(select(PhotoRoot.path).order_by(PhotoRoot.id))]
