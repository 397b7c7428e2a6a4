"""The generation that answers: opened once, kept for a whole request, followed when another one is published."""

import logging
import threading
from functools import cached_property
from pathlib import Path

from flask import current_app, g

from reverse_search.errors import DataError
from reverse_search.generation.opened import Generation, open_current
from reverse_search.generation.publish import GenerationStore
from reverse_search.search.highlights import Highlight, highlights
from reverse_search.search.names import TaxonNames
from reverse_search.search.observation import ObservationReader
from reverse_search.search.taxon_search import TaxonSearch
from reverse_search.search.triage import Triage
from reverse_search.store.session import Database
from web.site import Site

log = logging.getLogger(__name__)


class Pinned:
    """One generation and the use cases that read it."""

    def __init__(self, index: Generation) -> None:
        self.index = index
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
    """Follows what is published in one data directory. Shared by all threads of a worker."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._store = GenerationStore(home)
        self._pinned: Pinned | None = None
        self._lock = threading.Lock()

    def pin(self) -> Pinned:
        """The generation for one request.

        One that can't be opened is passed over in favour of the one that served before.

        Raises:
            NoGeneration: nothing has been published yet.
            CorruptFile: the first one can't be opened.
        """
        try:
            name = self._store.current()
            if self._pinned is None or self._pinned.name != name:
                self._open(name)
        except DataError as error:
            if self._pinned is None:
                raise
            log.warning("%s goes on serving: %s", self._pinned.name, error)
        assert self._pinned is not None
        return self._pinned

    def _open(self, name: str) -> None:
        with self._lock:
            if self._pinned is None or self._pinned.name != name:
                self._pinned = Pinned(open_current(self._home))


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
