import threading
from pathlib import Path

import pytest

from reverse_search.errors import StoreError
from reverse_search.store.changes import watermark
from reverse_search.store.columns import read_columns
from reverse_search.store.migrate import migrate
from reverse_search.store.session import Database, default_url, open_database, parse_url
from tests.support.store_rows import add_observation


@pytest.mark.parametrize(
    "url", ["nonsense", "", "mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite:///x"]
)
def test_bad_url(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///FILE"):
        open_database(url)


def test_a_bad_url_does_not_show_its_password() -> None:
    with pytest.raises(StoreError) as caught:
        open_database("postgres//user:secret@host:port:x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_means_psycopg_3(scheme: str) -> None:
    assert parse_url(f"{scheme}://u@h/d").drivername == "postgresql+psycopg"


def test_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="reverse-search init"):
        open_database(default_url(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_default_url_survives_odd_folder_names(tmp_path: Path) -> None:
    home = tmp_path / "a b%20?c#d"
    migrate(default_url(home))
    with open_database(default_url(home)) as database, database.read() as connection:
        assert watermark(connection) == 0
    assert (home / "reverse-search.sqlite3").is_file()


def test_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    path.write_text("not a database, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="restore a backup"):
        open_database(f"sqlite:///{path}")


def test_unreachable_server() -> None:
    with pytest.raises(StoreError, match="check the URL") as caught:
        open_database("postgresql://someone:secret@/none?host=%2Fnowhere")
    assert "secret" not in str(caught.value)


def test_write_commits_and_an_error_rolls_back(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)

    def fails() -> None:
        with database.write() as connection:
            add_observation(connection, 2)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fails()
    with database.snapshot() as connection:
        assert len(read_columns(connection).observations) == 1
        assert watermark(connection) == 1


def test_what_a_reader_changes_is_not_kept(database: Database) -> None:
    with database.read() as connection:
        connection.exec_driver_sql("UPDATE change_counter SET value = 99")
    with database.read() as connection:
        assert watermark(connection) == 0


def test_a_snapshot_does_not_see_later_writes(database: Database) -> None:
    with database.snapshot() as snapshot:
        with database.write() as connection:
            add_observation(connection, 1)
        seen = read_columns(snapshot)
        assert (len(seen.observations), seen.watermark) == (0, 0)
    with database.snapshot() as snapshot:
        seen = read_columns(snapshot)
        assert (len(seen.observations), seen.watermark) == (1, 1)


def test_writers_wait_for_each_other_and_numbers_follow_commits(database: Database) -> None:
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for n in range(10):
                with database.write() as connection:
                    add_observation(connection, worker * 100 + n)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as connection:
        numbers = connection.exec_driver_sql("SELECT change_seq FROM observations ORDER BY change_seq").scalars().all()
        assert numbers == list(range(1, 31))
        assert watermark(connection) == 30
