"""Opening the database, and the three ways to talk to it: read, write, snapshot."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from reverse_search.errors import StoreError

BUSY_TIMEOUT_S = 30
SQLITE_CACHE_KIB = 65_536
SQLITE_BULK_CACHE_KIB = 262_144
SQLITE_CHECKPOINT_PAGES = 8_192
_WRITING = "reverse_search_writing"

__all__ = ["Connection", "Database", "connect", "default_url", "open_database", "parse_url"]


class Database:
    """An open database. Safe to share between threads; close it when done."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the single-file kind."""
        return self.engine.dialect.name == "sqlite"

    @property
    def shown_url(self) -> str:
        """The address without its password, for messages."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with. What it changed would be rolled back."""
        with self._connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: committed at the end, rolled back on an error.

        On SQLite it takes the write lock at once, so that it can't fail half way for another writer.
        """
        with self._connect({_WRITING: True}) as connection, connection.begin():
            yield connection

    @contextmanager
    def bulk_write(self) -> Iterator[Connection]:
        """A write transaction for hundreds of thousands of rows.

        On SQLite it gets a larger cache: index pages that rows in random order touch again and again then go to disk
        once, at the end, and not once every few thousand rows.
        """
        with self.write() as connection:
            if not self.is_sqlite:
                yield connection
                return
            connection.exec_driver_sql(f"PRAGMA cache_size = -{SQLITE_BULK_CACHE_KIB}")
            try:
                yield connection
            finally:
                connection.exec_driver_sql(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One consistent view of everything, however long it is read; later commits aren't seen."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._connect(options) as connection:
            # Both databases fix the view at the first statement, not at BEGIN.
            connection.exec_driver_sql("SELECT value FROM change_counter").scalar()
            yield connection

    @contextmanager
    def _connect(self, options: dict[str, Any] | None = None) -> Iterator[Connection]:
        try:
            connection = self.engine.connect()
        except DBAPIError as error:
            raise _unreachable(self.shown_url, error) from error
        with connection:
            yield connection.execution_options(**(options or {}))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def default_url(home: Path) -> str:
    """Where the database lies unless told otherwise: a file in the data directory."""
    return URL.create("sqlite", database=str(home.resolve() / "reverse-search.sqlite3")).render_as_string()


def open_database(url: str) -> Database:
    """Open a migrated database.

    Raises:
        StoreError: the URL is wrong, nothing answers there, or its tables are older or newer than this code.
    """
    # Here and not above: alembic is needed only to open, and it imports this module.
    from reverse_search.store.migrate import require_current

    path = parse_url(url).database if parse_url(url).get_backend_name() == "sqlite" else None
    if path is not None and not Path(path).is_file():
        raise StoreError(f"there is no database at {path}; run `reverse-search init` to make one")
    database = connect(url)
    try:
        require_current(database)
    except BaseException:
        database.close()
        raise
    return database


def connect(url: str) -> Database:
    """Connect without a look at the tables, as migrations must."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Database(_sqlite_engine(parsed))
    connect_args = {"connect_timeout": 10, "options": "-c timezone=UTC"}
    return Database(create_engine(parsed, connect_args=connect_args, pool_pre_ping=True))


def parse_url(url: str) -> URL:
    """Read a database URL; `postgresql://` and `postgres://` mean psycopg 3.

    Raises:
        StoreError: it can't be read, or names a database that isn't supported.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text itself may hold a password, so it isn't repeated.
        raise StoreError(
            "the database URL can't be read; write sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from error
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise StoreError(f"{parsed.drivername} is not supported; use sqlite:///FILE or postgresql://USER@HOST/NAME")
    if parsed.database in (None, "", ":memory:"):
        raise StoreError("a database in memory can't be shared between processes; name a file: sqlite:///FILE")
    return parsed


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def prepare(driver_connection: Any, _record: object) -> None:
        # The driver would begin transactions by itself, and too late; `begin` below does it.
        driver_connection.isolation_level = None
        with suppress(sqlite3.OperationalError):
            # Stored in the file. It fails where another process is just doing it, or the file may only be read.
            driver_connection.execute("PRAGMA journal_mode = WAL").close()
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_S * 1000}",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            f"cache_size = -{SQLITE_CACHE_KIB}",
            f"wal_autocheckpoint = {SQLITE_CHECKPOINT_PAGES}",
        ):
            driver_connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _unreachable(shown_url: str, error: DBAPIError) -> StoreError:
    detail = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    if isinstance(error, OperationalError):
        return StoreError(f"{shown_url} can't be opened: {detail}; check the URL, that the server runs, and the rights")
    return StoreError(f"{shown_url} is not a database this can use: {detail}; check the URL, or restore a backup")
