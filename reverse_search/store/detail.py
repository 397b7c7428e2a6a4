"""One observation with all that the sources gave: photos, identifications, observer."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from reverse_search.store.models import Identification, Observation, Observer, Photo


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """One photo. `problem` is a reason why it can't be used, None where nothing is known to be wrong."""

    photo_id: int
    license: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class StoredIdentification:
    """One person's identification, hidden ones left out."""

    identification_id: int
    user_id: int
    user_login: str | None
    taxon_id: int
    current: bool
    category: str | None
    disagreement: bool | None
    previous_taxon_id: int | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredObservation:
    """One observation as the sources gave it."""

    uuid: str
    platform_id: int | None
    observer_login: str | None
    taxon_id: int | None
    quality_grade: str
    captive: bool | None
    latitude: float | None
    longitude: float | None
    positional_accuracy_m: int | None
    obscured: bool | None
    observed_on: date | None
    photos: tuple[StoredPhoto, ...]
    identifications: tuple[StoredIdentification, ...]


def read_observation(connection: Connection, uuid: str) -> StoredObservation | None:
    """One observation in three queries, None where there is none or it is deleted."""
    statement = (
        select(Observation.__table__, Observer.login.label("observer_login"))
        .outerjoin(Observer, Observer.observer_id == Observation.observer_id)
        .where(Observation.uuid == uuid, Observation.deleted.is_(False))
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return StoredObservation(
        uuid=row.uuid,
        platform_id=row.platform_id,
        observer_login=row.observer_login,
        taxon_id=row.taxon_id,
        quality_grade=row.quality_grade,
        captive=row.captive,
        latitude=row.latitude,
        longitude=row.longitude,
        positional_accuracy_m=row.positional_accuracy_m,
        obscured=row.obscured,
        observed_on=row.observed_on,
        photos=_photos(connection, row.id),
        identifications=_identifications(connection, row.id),
    )


def _photos(connection: Connection, observation_id: int) -> tuple[StoredPhoto, ...]:
    statement = (
        select(Photo.photo_id, Photo.license, Photo.problem)
        .where(Photo.observation_id == observation_id, Photo.deleted.is_(False))
        .order_by(Photo.position, Photo.photo_id)
    )
    return tuple(StoredPhoto(*row) for row in connection.execute(statement))


def _identifications(connection: Connection, observation_id: int) -> tuple[StoredIdentification, ...]:
    """Oldest first. The people of the platform are known by their login where they are observers too."""
    columns = Identification.__table__.c
    statement = (
        select(
            columns.identification_id,
            columns.user_id,
            Observer.login,
            columns.taxon_id,
            columns.current,
            columns.category,
            columns.disagreement,
            columns.previous_taxon_id,
            columns.created_at,
        )
        .outerjoin(Observer, Observer.observer_id == columns.user_id)
        .where(columns.observation_id == observation_id, columns.hidden.is_(False))
        .order_by(columns.identification_id)
    )
    return tuple(StoredIdentification(*row) for row in connection.execute(statement))
