"""Bringing the tables up to date, and telling whether they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from reverse_search.errors import Busy, StoreError
from reverse_search.store.session import Database, connect, parse_url

LOCK_TIMEOUT_S = 30
# Any fixed number will do, as long as nothing else in the database locks the same one.
_ADVISORY_LOCK = 0x7265_7665_7273_6501


def migrate(database_url: str) -> None:
    """Create the tables or bring them up to date, in one transaction. Does nothing where they are.

    Raises:
        StoreError: nothing answers at the URL, or the tables were made by a newer version.
        Busy: another process migrates, or writes for too long.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    with connect(database_url) as database, _locked(database) as connection:
        if _is_newer(current_revision(connection)):
            raise _newer(database)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current_revision(connection: Connection) -> str | None:
    """The revision that the tables are at, None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The revision that this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise StoreError("the migrations are missing from this installation; install it again")
    return head


def require_current(database: Database) -> None:
    """Raise StoreError, saying what to do, unless the tables are the ones this code needs."""
    try:
        with database.read() as connection:
            found = current_revision(connection)
    except DBAPIError as error:
        raise StoreError(f"{database.shown_url} can't be read ({error.orig}); restore a backup") from error
    if found == head_revision():
        return
    if found is None:
        raise StoreError(f"{database.shown_url} has no tables yet; run `reverse-search init`")
    if _is_newer(found):
        raise _newer(database)
    raise StoreError(
        f"{database.shown_url} was made by an older version; run `reverse-search init` to bring it up to date"
    )


def _is_newer(revision: str | None) -> bool:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revision is not None and revision not in known


def _newer(database: Database) -> StoreError:
    return StoreError(f"{database.shown_url} was made by a newer version of reverse-search; install that version")


def _config() -> Config:
    config = Config()
    # alembic reads options through configparser, where a percent sign must be doubled.
    config.set_main_option("script_location", str(_script_location()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _script_location() -> Path:
    """In a wheel the migrations lie beside this module, in a checkout at the top."""
    here = Path(__file__).resolve()
    for folder in (here.parent / "_migrations", here.parents[2] / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise StoreError("the migrations are missing from this installation; install it again")


@contextmanager
def _locked(database: Database) -> Iterator[Connection]:
    """A write transaction that no other migration runs beside. SQLite's own write lock is enough there."""
    try:
        with database.write() as connection:
            if not database.is_sqlite:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            yield connection
    except OperationalError as error:
        raise Busy(
            f"{database.shown_url} is in use ({error.orig}); try again when the other process is done"
        ) from error
