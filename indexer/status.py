"""What serves, how good it measured itself to be, and how the last run went."""

from pathlib import Path
from typing import Any

from reverse_search.errors import NoGeneration
from reverse_search.generation.opened import open_current
from reverse_search.search.status import index_status
from reverse_search.store import runs
from reverse_search.store.session import Database


def read_status(home: Path, database: Database) -> dict[str, Any]:
    """The status as sections of plain values."""
    with database.read() as connection:
        last = runs.last_run(connection, "nightly")
    status: dict[str, Any] = {"home": str(home), "database": database.shown_url}
    try:
        generation = open_current(home)
    except NoGeneration as error:
        status["generation"] = None
        status["next"] = str(error)
    else:
        status |= index_status(generation)
        status["generation"]["watermark"] = generation.manifest.watermark
    status["last_run"] = last.summary() if last else None
    return status
