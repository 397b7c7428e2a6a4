"""Fixtures that every folder may use: a fresh database of each kind, one PostgreSQL server for all, one demo."""

from tests.support.demo_home import demo_home
from tests.support.store_databases import database, database_url, postgres_server, sqlite_template

__all__ = ["database", "database_url", "demo_home", "postgres_server", "sqlite_template"]
