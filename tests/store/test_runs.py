from datetime import UTC, datetime, timedelta

from reverse_search.store import runs
from reverse_search.store.session import Database

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_run_with_its_steps(database: Database) -> None:
    later = NOW + timedelta(seconds=3)
    with database.write() as connection:
        assert runs.last_run(connection, "nightly") is None
        run_id = runs.start_run(connection, "nightly", NOW)
        embed = runs.start_step(connection, run_id, "embed", NOW)
        runs.finish_step(connection, embed, "succeeded", later, seconds=2.5, counts={"photos": 3})
        runs.start_step(connection, run_id, "train", later)
    with database.read() as connection:
        run = runs.last_run(connection, "nightly")
    assert run is not None
    assert (run.state, run.started_at, run.finished_at) == ("running", NOW, None)
    assert [(s.name, s.state, s.seconds, dict(s.counts)) for s in run.steps] == [
        ("embed", "succeeded", 2.5, {"photos": 3}),
        ("train", "running", None, {}),
    ]
    with database.write() as connection:
        runs.finish_run(connection, run_id, "failed", later, message="no photos; import some")
        run = runs.last_run(connection, "nightly")
    assert run is not None
    assert (run.state, run.finished_at, run.generation, run.message) == (
        "failed",
        later,
        None,
        "no photos; import some",
    )


def test_the_last_of_a_kind_and_state(database: Database) -> None:
    with database.write() as connection:
        first = runs.start_run(connection, "nightly", NOW)
        runs.finish_run(connection, first, "succeeded", NOW, generation="g1")
        second = runs.start_run(connection, "nightly", NOW + timedelta(days=1))
        runs.finish_run(connection, second, "failed", NOW)
        other = runs.start_run(connection, "import", NOW + timedelta(days=2))
        last, good = runs.last_run(connection, "nightly"), runs.last_run(connection, "nightly", "succeeded")
        recent = runs.recent_runs(connection)
    assert last is not None
    assert good is not None
    assert (last.run_id, good.run_id, good.generation) == (second, first, "g1")
    assert [run.run_id for run in recent] == [other, second, first]


def test_runs_that_never_ended_are_closed_and_others_left_alone(database: Database) -> None:
    with database.write() as connection:
        done = runs.start_run(connection, "nightly", NOW)
        runs.finish_run(connection, done, "succeeded", NOW)
        killed = runs.start_run(connection, "nightly", NOW)
        runs.start_step(connection, killed, "train", NOW)
        runs.start_run(connection, "import", NOW)
        assert runs.close_abandoned(connection, "nightly", NOW) == 1
        assert runs.close_abandoned(connection, "nightly", NOW) == 0
        states = {run.run_id: run.state for run in runs.recent_runs(connection, kind="nightly")}
        abandoned = runs.recent_runs(connection, kind="nightly", state="failed")[0]
        assert runs.last_run(connection, "import", "running") is not None
    assert states == {done: "succeeded", killed: "failed"}
    assert "killed" in str(abandoned.message)
    assert [step.state for step in abandoned.steps] == ["failed"]
