"""Tables of what users and runs did: suggestions taken up, decisions, leases, review marks, watches, runs, accounts."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from reverse_search.domain.words import AbstainReason, SuggestionState
from reverse_search.store.base import Base, BigId, Json, UtcDateTime, by_change_seq, one_of

DECISION_ACTIONS = ("confirmed", "refused", "corrected", "undone")
RUN_STATES = ("running", "succeeded", "failed")
STEP_STATES = ("running", "succeeded", "failed", "skipped")
USER_ROLES = ("identifier", "operator")


class User(Base):
    """An account of this site. `platform_user_id` is the same person on the platform, where linked."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("login"), UniqueConstraint("platform_user_id"), one_of("role", USER_ROLES))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    login: Mapped[str] = mapped_column(String(128))
    name: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16), default="identifier", server_default="identifier")
    platform_user_id: Mapped[int | None] = mapped_column(BigInteger)
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    preferences: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Token(Base):
    """What signs a user in. Only the SHA-256 of a token is stored."""

    __tablename__ = "tokens"
    __table_args__ = (UniqueConstraint("digest"), Index(None, "user_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    digest: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Suggestion(Base):
    """A suggestion that was leased or decided on. All others live in the generation that made them."""

    __tablename__ = "suggestions"
    __table_args__ = (
        UniqueConstraint("observation_id", "generation"),
        one_of("state", SuggestionState),
        one_of("reason", AbstainReason),
        CheckConstraint("probability BETWEEN 0 AND 1", name="probability"),
        by_change_seq("suggestions"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"))
    generation: Mapped[str] = mapped_column(String(64))
    head: Mapped[str] = mapped_column(String(64))
    policy: Mapped[str] = mapped_column(String(64))
    taxon_id: Mapped[int | None] = mapped_column(BigInteger)
    rank: Mapped[str | None] = mapped_column(String(32))
    probability: Mapped[float | None]
    exemplar_photo_ids: Mapped[list[int]] = mapped_column(Json, default=list, server_default="[]")
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    change_seq: Mapped[int] = mapped_column(BigInteger)


class Decision(Base):
    """What a person did with an observation, with the provenance of what they were shown. Append-only.

    `taxon_id` is what was asked about, `given_taxon_id` what the person says it is. An undo is a row of its own that
    names the row it undoes. Rows of one bulk action share `batch`.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("undoes_id"),
        Index(None, "observation_id"),
        Index(None, "user_id", "created_at"),
        Index(None, "batch"),
        one_of("action", DECISION_ACTIONS),
        CheckConstraint("(action = 'undone') = (undoes_id IS NOT NULL)", name="undoes"),
        by_change_seq("decisions"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"))
    suggestion_id: Mapped[int | None] = mapped_column(ForeignKey("suggestions.id"))
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"))
    action: Mapped[str] = mapped_column(String(16))
    taxon_id: Mapped[int | None] = mapped_column(BigInteger)
    given_taxon_id: Mapped[int | None] = mapped_column(BigInteger)
    generation: Mapped[str | None] = mapped_column(String(64))
    head: Mapped[str | None] = mapped_column(String(64))
    policy: Mapped[str | None] = mapped_column(String(64))
    probability: Mapped[float | None]
    batch: Mapped[str | None] = mapped_column(String(36))
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    change_seq: Mapped[int] = mapped_column(BigInteger)


class Lease(Base):
    """An observation that one user works on for a while, so that two don't do the same work."""

    __tablename__ = "leases"
    __table_args__ = (UniqueConstraint("observation_id"), Index(None, "user_id"), Index(None, "expires_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    generation: Mapped[str] = mapped_column(String(64))
    leased_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReviewMark(Base):
    """A user has reviewed an observation, and saw it as `generation` had it. Taking it back leaves the row."""

    __tablename__ = "review_marks"
    __table_args__ = (Index(None, "observation_id"), by_change_seq("review_marks"))

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"), primary_key=True)
    generation: Mapped[str | None] = mapped_column(String(64))
    withdrawn: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    reviewed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    change_seq: Mapped[int] = mapped_column(BigInteger)


class Watch(Base):
    """A search that a user wants to hear about when a generation finds something new."""

    __tablename__ = "watches"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    taxon_id: Mapped[int] = mapped_column(BigInteger)
    filters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}")
    min_probability: Mapped[float | None]
    last_generation: Mapped[str | None] = mapped_column(String(64))
    new_count: Mapped[int] = mapped_column(default=0, server_default="0")
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Run(Base):
    """One run of a job, e.g. an import or the nightly one."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "kind", "started_at"), one_of("state", RUN_STATES))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    generation: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)


class RunStep(Base):
    """One step of a run, with what it counted and how long it took."""

    __tablename__ = "run_steps"
    __table_args__ = (UniqueConstraint("run_id", "name"), one_of("state", STEP_STATES))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    name: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seconds: Mapped[float | None]
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict, server_default="{}")
    message: Mapped[str | None] = mapped_column(Text)
