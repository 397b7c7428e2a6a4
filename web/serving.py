"""The generation that answers: opened once, kept for a whole request, followed when another one is published."""

import logging
import threading
from functools import cached_property
from pathlib import Path

from flask import current_app, g

from reverse_search.errors import DataError
from reverse_search.generation.opened import Generation, open_current
from reverse_search.generation.overlay import overlaid
from reverse_search.generation.publish import GenerationStore
from reverse_search.search.highlights import Highlight, highlights
from reverse_search.search.names import TaxonNames
from reverse_search.search.observation import ObservationReader
from reverse_search.search.taxon_search import TaxonSearch
from reverse_search.search.triage import Triage
from reverse_search.store.changed import read_changes
from reverse_search.store.changes import watermark
from reverse_search.store.session import Database
from web.site import Site

log = logging.getLogger(__name__)


class Pinned:
    """One generation as it was at one change number of the database, and the use cases that read it."""

    def __init__(self, index: Generation, seq: int = 0) -> None:
        self.index = index
        self.seq = seq
        self.taxon_search = TaxonSearch(index)
        self.triage = Triage(index)
        self.observations = ObservationReader(index)

    @property
    def name(self) -> str:
        """Name of the generation."""
        return self.index.name

    @cached_property
    def names(self) -> TaxonNames:
        """Taxon names as people begin to type them."""
        return TaxonNames(self.index.taxonomy)

    @cached_property
    def highlights(self) -> dict[str, tuple[Highlight, ...]]:
        """Taxa worth a look."""
        return highlights(self.index)


class Serving:
    """Follows what is published in one data directory, and what is imported since. Shared by a worker's threads."""

    def __init__(self, home: Path, database: Database) -> None:
        self._home = home
        self._database = database
        self._store = GenerationStore(home)
        self._built: Generation | None = None
        self._pinned: Pinned | None = None
        self._lock = threading.Lock()

    def pin(self) -> Pinned:
        """The generation for one request, as it is now.

        One that can't be opened is passed over in favour of the one that served before.

        Raises:
            NoGeneration: nothing has been published yet.
            CorruptFile: the first one can't be opened.
            StoreError: the database doesn't answer.
        """
        try:
            name = self._store.current()
        except DataError as error:
            name = self._passed_over(error)
        with self._database.read() as connection:
            seq = watermark(connection)
        found = self._pinned
        if found is not None and (found.name, found.seq) == (name, seq):
            return found
        with self._lock:
            return self._follow(name)

    def _follow(self, name: str) -> Pinned:
        """Open what is published, and lay over it what has changed since, in one snapshot of the database."""
        if self._built is None or self._built.name != name:
            try:
                self._built = open_current(self._home)
            except DataError as error:
                self._passed_over(error)
        assert self._built is not None
        with self._database.snapshot() as connection:
            seq = watermark(connection)
            if self._pinned is not None and (self._pinned.name, self._pinned.seq) == (self._built.name, seq):
                return self._pinned  # another thread was here first
            changes = read_changes(connection, self._built.manifest.watermark)
        if changes is None:
            log.warning("%s: too much has changed since to show it; run the nightly job", self._built.name)
        self._pinned = Pinned(overlaid(self._built, changes or ()), seq)
        return self._pinned

    def _passed_over(self, error: DataError) -> str:
        if self._built is None:
            raise error
        log.warning("%s goes on serving: %s", self._built.name, error)
        return self._built.name


def pinned() -> Pinned:
    """The generation of this request."""
    if "pinned" not in g:
        serving: Serving = current_app.extensions["serving"]
        g.pinned = serving.pin()
    found: Pinned = g.pinned
    return found


def database() -> Database:
    """The open database."""
    found: Database = current_app.extensions["database"]
    return found


def site() -> Site:
    """What the site was told."""
    found: Site = current_app.extensions["site"]
    return found
