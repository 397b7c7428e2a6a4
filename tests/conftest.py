"""Fixtures that every folder may use: a fresh database of each kind, one PostgreSQL server for all."""

from tests.support.store_databases import database, database_url, postgres_server, sqlite_template

__all__ = ["database", "database_url", "postgres_server", "sqlite_template"]
