"""The open data: taxa, observers, observations and photos as tab-separated files, with identifications where known.

Columns are found by name. Running it again changes only what changed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

from indexer.sources.open_data_rows import IDENTIFICATIONS, PARTS, Part
from indexer.sources.tsv import Rejects, Table, find_table
from reverse_search.errors import SourceError
from reverse_search.store.photos import add_photo_root
from reverse_search.store.session import Database

# Some 250,000 rows or two seconds: fewer commits are faster, and other writers wait for this one.
BLOCKS_PER_COMMIT = 8


class Progress(Protocol):
    """Hears how far an import is."""

    def advance(self, step: str, rows: int, fraction_done: float) -> None:
        """`rows` more rows of `step` are done, which makes `fraction_done` of it."""


@dataclass(frozen=True, slots=True)
class TableReport:
    """What became of one file. `changed` counts rows that were new or differed; `rejects` is None without any."""

    name: str
    path: Path
    rows: int
    changed: int
    rejected: int
    rejects: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of all files, in the order they were read. `photo_root` is where local photos lie, if anywhere."""

    tables: tuple[TableReport, ...]
    photo_root: Path | None

    @property
    def rows(self) -> int:
        """Rows read and accepted."""
        return sum(table.rows for table in self.tables)

    @property
    def changed(self) -> int:
        """Rows that were new or differed."""
        return sum(table.changed for table in self.tables)

    @property
    def rejected(self) -> int:
        """Rows that couldn't be used."""
        return sum(table.rejected for table in self.tables)


def import_open_data(
    folder: Path,
    database: Database,
    *,
    photos: Path | None,
    identifications: Path | None,
    rejects_dir: Path,
    progress: Progress,
    clock_s: Callable[[], float] = time.perf_counter,
) -> ImportReport:
    """Take a dump into the database.

    Args:
        folder: with taxa, observers, observations and photos, each `.csv` or `.csv.gz`.
        database: open and migrated.
        photos: folder of local photos; `<folder>/photos` is used where there is one and none is given.
        identifications: a file of identifications; `<folder>/identifications.csv[.gz]` likewise.
        rejects_dir: where rows that can't be used are written, a file per table, replaced by every import.
        progress: hears how far it is.
        clock_s: for the seconds in the report.

    Raises:
        SourceError: a file or a required column is missing (nothing has been written then), or a file is damaged.
    """
    tables = _tables(folder, identifications)
    photo_root = _photo_root(folder, photos)
    reports = tuple(_take_in(part, table, database, rejects_dir, progress, clock_s) for part, table in tables)
    if photo_root is not None:
        with database.write() as connection:
            photo_root = add_photo_root(connection, photo_root)
    return ImportReport(reports, photo_root)


def _take_in(
    part: Part,
    table: Table,
    database: Database,
    rejects_dir: Path,
    progress: Progress,
    clock_s: Callable[[], float],
) -> TableReport:
    began_s = clock_s()
    rows, changed = 0, 0
    with Rejects(rejects_dir, f"{part.name}.csv") as rejects:
        batches = table.batches(part.convert, rejects)
        while (first := next(batches, None)) is not None:
            with database.bulk_write() as connection:
                for batch in chain((first,), islice(batches, BLOCKS_PER_COMMIT - 1)):
                    accepted, new = part.write(connection, batch, rejects)
                    rows, changed = rows + accepted, changed + new
                    progress.advance(part.name, accepted, batch.fraction_done)
    return TableReport(part.name, table.path, rows, changed, rejects.count, rejects.path, clock_s() - began_s)


def _tables(folder: Path, identifications: Path | None) -> list[tuple[Part, Table]]:
    """All files with their headers read, so that what is missing is known before anything is written."""
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; give the one that the open data were unpacked to")
    found = {part.name: find_table(folder, part.name) for part in PARTS}
    missing = [f"{name}.csv" for name, path in found.items() if path is None]
    if missing:
        raise SourceError(f"{folder} has no {', '.join(missing)} (nor .csv.gz); unpack the whole dump there")
    tables = [(part, Table.open(path, part.layout)) for part in PARTS if (path := found[part.name])]
    listed = identifications or find_table(folder, IDENTIFICATIONS.name)
    if listed is not None:
        tables.append((IDENTIFICATIONS, Table.open(listed, IDENTIFICATIONS.layout)))
    return tables


def _photo_root(folder: Path, photos: Path | None) -> Path | None:
    if photos is None:
        return folder / "photos" if (folder / "photos").is_dir() else None
    if not photos.is_dir():
        raise SourceError(f"{photos} is not a folder; give the one that holds {{photo_id}}/{{size}}.{{extension}}")
    return photos
