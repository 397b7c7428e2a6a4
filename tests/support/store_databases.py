"""Real databases for tests: a SQLite file, and a private PostgreSQL server that lives as long as the session."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from reverse_search.store.migrate import migrate
from reverse_search.store.session import Database, open_database

USER = "reverse_search"


@dataclass(frozen=True)
class PostgresServer:
    folder: Path

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={quote(str(self.folder), safe='')}"

    def admin(self, statement: str) -> None:
        conninfo = f"host={self.folder} user={USER} dbname=postgres"
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(statement.encode())


def _binaries() -> Path | None:
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return Path(on_path).parent if on_path else found[-1].parent if found else None


def _as_nobody(folder: Path) -> list[str] | None:
    """The server refuses to run as root; then another user owns the folder and runs it. None if there is no way."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    user = next((u for u in ("postgres", "nobody") if _exists(u)), None)
    if user is None:
        return None
    shutil.chown(folder, user)
    return [setpriv, f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server binaries: initdb is neither on the PATH nor under /usr/lib/postgresql")
    # Not below pytest's own folder, which only its user may enter, and short: a socket's path has little room.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        prefix = _as_nobody(folder)
        if prefix is None:
            pytest.skip("PostgreSQL doesn't run as root, and there is no setpriv with a user postgres or nobody")
        data = folder / "data"

        def run(*command: str) -> None:
            subprocess.run(
                [*prefix, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
            )

        run(
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=40"
        control = [str(binaries / "pg_ctl"), "-D", str(data), "-w", "-t", "60"]
        run(*control, "-l", str(folder / "log"), "-o", options, "start")
        try:
            server = PostgresServer(folder)
            server.admin("CREATE DATABASE template_migrated")
            migrate(server.url("template_migrated"))
            yield server
        finally:
            run(*control, "-m", "immediate", "stop")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    if request.param == "sqlite":
        copy = tmp_path / "database.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), copy)
        yield f"sqlite:///{copy}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{os.urandom(6).hex()}"
    server.admin(f"CREATE DATABASE {name} TEMPLATE template_migrated")
    yield server.url(name)
    server.admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated, open database."""
    with open_database(database_url) as opened:
        yield opened
