"""Tables of what the sources gave, and the counter that orders all changes. `people` has what users did.

Every row that a source or a person may change carries `change_seq`: the number of the write batch that last changed it.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from reverse_search.domain.words import IdentificationCategory, QualityGrade
from reverse_search.errors import PhotoMissing, PhotoUnreachable, PhotoUnreadable
from reverse_search.store.base import Base, BigId, UtcDateTime, by_change_seq, one_of

PHOTO_PROBLEMS = (PhotoMissing.reason, PhotoUnreadable.reason, PhotoUnreachable.reason)


class ChangeCounter(Base):
    """The single row that numbers write batches."""

    __tablename__ = "change_counter"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger)


class Taxon(Base):
    """One taxon. `ancestry` and `successors` are taxon ids joined by "/", the former without the taxon itself."""

    __tablename__ = "taxa"

    taxon_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    ancestry: Mapped[str] = mapped_column(Text)
    rank: Mapped[str] = mapped_column(Text)
    rank_level: Mapped[float]
    name: Mapped[str] = mapped_column(Text)
    active: Mapped[bool]
    successors: Mapped[str | None] = mapped_column(Text)
    change_seq: Mapped[int] = mapped_column(BigInteger)


class Observer(Base):
    """A person of the platform who made observations."""

    __tablename__ = "observers"

    observer_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    login: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    change_seq: Mapped[int] = mapped_column(BigInteger)


class Observation(Base):
    """One observation. `id` is internal; `uuid` is the platform's key, `platform_id` its number where known.

    Observers and taxa are not foreign keys: sources name some that they don't describe.
    """

    __tablename__ = "observations"
    __table_args__ = (
        UniqueConstraint("uuid"),
        # Partial, because the open dump has no numbers, and a million nulls in an index slow its import.
        Index(
            "uq_observations_platform_id",
            "platform_id",
            unique=True,
            sqlite_where=text("platform_id IS NOT NULL"),
            postgresql_where=text("platform_id IS NOT NULL"),
        ),
        one_of("quality_grade", QualityGrade),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        by_change_seq("observations"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36))
    platform_id: Mapped[int | None] = mapped_column(BigInteger)
    observer_id: Mapped[int] = mapped_column(BigInteger)
    taxon_id: Mapped[int | None] = mapped_column(BigInteger)
    quality_grade: Mapped[str] = mapped_column(String(16))
    captive: Mapped[bool | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    positional_accuracy_m: Mapped[int | None]
    obscured: Mapped[bool | None]
    observed_on: Mapped[date | None]
    created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    identifications_complete: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    deleted: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    source: Mapped[str] = mapped_column(String(32))
    change_seq: Mapped[int] = mapped_column(BigInteger)


class Photo(Base):
    """One photo of one observation. In the real dump the same photo may belong to several observations."""

    __tablename__ = "photos"
    __table_args__ = (
        UniqueConstraint("photo_id", "observation_id"),
        Index(None, "observation_id"),
        one_of("problem", PHOTO_PROBLEMS),
        by_change_seq("photos"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    photo_id: Mapped[int] = mapped_column(BigInteger)
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"))
    uuid: Mapped[str | None] = mapped_column(String(36))
    extension: Mapped[str] = mapped_column(String(8))
    license: Mapped[str | None] = mapped_column(Text)
    width: Mapped[int | None]
    height: Mapped[int | None]
    position: Mapped[int]
    problem: Mapped[str | None] = mapped_column(String(16))
    problem_detail: Mapped[str | None] = mapped_column(Text)
    deleted: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    change_seq: Mapped[int] = mapped_column(BigInteger)


class Identification(Base):
    """One person's identification of one observation. `disagreement` null denies nothing."""

    __tablename__ = "identifications"
    __table_args__ = (
        Index(None, "observation_id"),
        one_of("category", IdentificationCategory),
        by_change_seq("identifications"),
    )

    identification_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"))
    user_id: Mapped[int] = mapped_column(BigInteger)
    taxon_id: Mapped[int] = mapped_column(BigInteger)
    current: Mapped[bool]
    hidden: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    category: Mapped[str | None] = mapped_column(String(16))
    disagreement: Mapped[bool | None]
    previous_taxon_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    vision: Mapped[bool | None]
    change_seq: Mapped[int] = mapped_column(BigInteger)


class PhotoRoot(Base):
    """A folder on this machine where photos lie as `{photo_id}/{size}.{extension}`."""

    __tablename__ = "photo_roots"
    __table_args__ = (UniqueConstraint("path"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    path: Mapped[str] = mapped_column(Text)


# Registers the other half of the tables on the same metadata, for whoever imports only this module.
from reverse_search.store import people as people  # noqa: E402
