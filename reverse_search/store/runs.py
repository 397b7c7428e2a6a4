"""The record of runs: what was done when, with counts and seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from reverse_search.store.people import Run, RunStep

RunState = Literal["running", "succeeded", "failed"]
StepState = Literal["running", "succeeded", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a run. `seconds` is None while it runs."""

    name: str
    state: str
    started_at: datetime
    seconds: float | None
    counts: Mapping[str, int]
    message: str | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run and its steps in the order they were begun."""

    run_id: int
    kind: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    generation: str | None
    message: str | None
    steps: tuple[StepRecord, ...]

    def summary(self) -> dict[str, str | None]:
        """In a few words, for people."""
        steps = (f"{s.name}={s.state}" if s.seconds is None else f"{s.name}={s.seconds:.1f}s" for s in self.steps)
        return {
            "state": self.state,
            "started": self.started_at.isoformat(timespec="seconds"),
            "finished": self.finished_at.isoformat(timespec="seconds") if self.finished_at else None,
            "generation": self.generation,
            "message": self.message,
            "steps": " ".join(steps),
        }


def start_run(connection: Connection, kind: str, now: datetime) -> int:
    """Record that a run of `kind` begins. Returns its id."""
    statement = insert(Run).values(kind=kind, state="running", started_at=now).returning(Run.id)
    return connection.scalars(statement).one()


def close_abandoned(connection: Connection, kind: str, now: datetime) -> int:
    """Record that runs which never ended were killed. Call it while holding the lock that they would hold.

    Returns:
        How many there were.
    """
    ended = {"state": "failed", "finished_at": now, "message": "ended without a word: killed, or the machine stopped"}
    of_kind = select(Run.id).where(Run.kind == kind)
    connection.execute(update(RunStep).where(RunStep.run_id.in_(of_kind), RunStep.state == "running").values(ended))
    return connection.execute(update(Run).where(Run.kind == kind, Run.state == "running").values(ended)).rowcount


def finish_run(
    connection: Connection,
    run_id: int,
    state: RunState,
    now: datetime,
    *,
    generation: str | None = None,
    message: str | None = None,
) -> None:
    """Record how a run ended."""
    values = {"state": state, "finished_at": now, "generation": generation, "message": message}
    connection.execute(update(Run).where(Run.id == run_id).values(values))


def start_step(connection: Connection, run_id: int, name: str, now: datetime) -> int:
    """Record that a step begins. Returns its id."""
    statement = insert(RunStep).values(run_id=run_id, name=name, state="running", started_at=now).returning(RunStep.id)
    return connection.scalars(statement).one()


def finish_step(
    connection: Connection,
    step_id: int,
    state: StepState,
    now: datetime,
    *,
    seconds: float,
    counts: Mapping[str, int] | None = None,
    message: str | None = None,
) -> None:
    """Record how a step ended. `seconds` comes from a clock that doesn't jump, `now` from the wall's."""
    values = {"state": state, "finished_at": now, "seconds": seconds, "counts": dict(counts or {}), "message": message}
    connection.execute(update(RunStep).where(RunStep.id == step_id).values(values))


def last_run(connection: Connection, kind: str, state: RunState | None = None) -> RunRecord | None:
    """The latest run of `kind`, of those that are in `state` if given."""
    found = recent_runs(connection, kind=kind, state=state, limit=1)
    return found[0] if found else None


def recent_runs(
    connection: Connection, *, kind: str | None = None, state: RunState | None = None, limit: int = 20
) -> list[RunRecord]:
    """The latest runs, newest first."""
    statement = select(Run.__table__).order_by(Run.started_at.desc(), Run.id.desc()).limit(limit)
    if kind is not None:
        statement = statement.where(Run.kind == kind)
    if state is not None:
        statement = statement.where(Run.state == state)
    return [
        RunRecord(
            run_id=row.id,
            kind=row.kind,
            state=row.state,
            started_at=row.started_at,
            finished_at=row.finished_at,
            generation=row.generation,
            message=row.message,
            steps=_steps(connection, row.id),
        )
        for row in connection.execute(statement).all()
    ]


def _steps(connection: Connection, run_id: int) -> tuple[StepRecord, ...]:
    fields = (RunStep.name, RunStep.state, RunStep.started_at, RunStep.seconds, RunStep.counts, RunStep.message)
    rows = connection.execute(select(*fields).where(RunStep.run_id == run_id).order_by(RunStep.id))
    return tuple(StepRecord(*row) for row in rows)
