"""Fixtures: a fresh database of each kind."""

from tests.support.store_databases import database, database_url, postgres_server, sqlite_template

__all__ = ["database", "database_url", "postgres_server", "sqlite_template"]
