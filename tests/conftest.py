"""Fixtures that every folder may use: a fresh database of each kind, one PostgreSQL server for all, one demo."""

import pytest

from reverse_search.errors import ReverseSearchError
from reverse_search.vectors.gpu import GpuVectors
from tests.support.demo_home import demo_home
from tests.support.store_databases import database, database_url, postgres_server, sqlite_template

__all__ = ["database", "database_url", "demo_home", "postgres_server", "sqlite_template"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked `gpu` run where there is one."""
    if item.get_closest_marker("gpu"):
        try:
            GpuVectors(1)
        except ReverseSearchError as error:
            pytest.skip(f"no CUDA device for FAISS: {error}")
