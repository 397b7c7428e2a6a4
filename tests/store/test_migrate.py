import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from reverse_search.errors import ReverseSearchError, StoreError
from reverse_search.store.migrate import current_revision, head_revision, migrate
from reverse_search.store.models import ChangeCounter
from reverse_search.store.session import Database, connect, open_database
from tests.support.store_databases import PostgresServer
from tests.support.store_rows import add_observation, add_photo

METADATA = ChangeCounter.metadata


def test_models_and_migrations_agree(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_checks_of_models_and_migrations_agree(database: Database) -> None:
    """What compare_metadata doesn't look at."""
    inspector = inspect(database.engine)
    for table in METADATA.sorted_tables:
        made = {check["name"]: check["sqltext"] for check in inspector.get_check_constraints(table.name)}
        wanted = {c.name for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        assert made.keys() == wanted
        if database.is_sqlite:
            assert made == {
                c.name: str(c.sqltext)  # type: ignore[attr-defined]
                for c in table.constraints
                if type(c).__name__ == "CheckConstraint"
            }


def test_twice_is_once(database: Database, database_url: str) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
    migrate(database_url)
    with database.read() as connection:
        assert current_revision(connection) == head_revision()
        assert connection.exec_driver_sql("SELECT count(*) FROM observations").scalar() == 1


def test_several_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('several')}/database.sqlite3"
    _migrate_three_times(url)


@pytest.mark.postgres
def test_several_at_once_on_postgres(postgres_server: PostgresServer) -> None:
    postgres_server.admin("CREATE DATABASE several")
    _migrate_three_times(postgres_server.url("several"))
    postgres_server.admin("DROP DATABASE several WITH (FORCE)")


def _migrate_three_times(url: str) -> None:
    failures: list[ReverseSearchError] = []

    def work() -> None:
        try:
            migrate(url)
        except ReverseSearchError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    open_database(url).close()


def test_unmigrated(database: Database, database_url: str) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    with pytest.raises(StoreError, match="has no tables yet; run `reverse-search init`"):
        open_database(database_url)


def test_newer_than_the_code(database: Database, database_url: str) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer version"):
        open_database(database_url)
    with pytest.raises(StoreError, match="newer version"):
        migrate(database_url)


@pytest.mark.parametrize(
    "values",
    [{"quality_grade": "superb"}, {"latitude": 91.0}, {"longitude": -181.0}],
)
def test_checks_hold(database: Database, values: dict[str, float]) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        add_observation(connection, 1, **values)


def test_foreign_keys_hold(database: Database) -> None:
    with database.write() as connection:
        add_observation(connection, 1)
        add_photo(connection, 5, 1)
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.exec_driver_sql("DELETE FROM observations")


def test_checks_allow_null_and_every_word(database: Database) -> None:
    with connect(database.engine.url.render_as_string(hide_password=False)) as other, other.write() as connection:
        for n, grade in enumerate(("casual", "needs_id", "research")):
            add_observation(connection, n, quality_grade=grade, latitude=None, longitude=None)
