"""The generation that answers: kept for a whole request, followed when another one is published."""

from functools import cached_property
from pathlib import Path

from flask import current_app, g

from reverse_search.generation.following import Follower, Seen
from reverse_search.generation.opened import Generation
from reverse_search.search.highlights import Highlight, highlights
from reverse_search.search.names import TaxonNames
from reverse_search.search.observation import ObservationReader
from reverse_search.search.taxon_search import TaxonSearch
from reverse_search.search.triage import Triage
from reverse_search.store.change_log import DatabaseChanges
from reverse_search.store.session import Database
from reverse_search.vectors.where import Device
from web.site import Site


class Pinned:
    """One generation as it was at one change number of the database, and the use cases that read it."""

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
    """What serves, with the use cases that read it. Shared by a worker's threads."""

    def __init__(self, home: Path, database: Database, device: Device = Device.CPU) -> None:
        self._follower = Follower(home, DatabaseChanges(database), device=device)
        self._last: tuple[Seen, Pinned] | None = None

    def pin(self) -> Pinned:
        """What serves, for one request, as it is now. Raises what `Follower.now` does."""
        seen, last = self._follower.now(), self._last
        if last is not None and last[0] is seen:
            return last[1]
        # Two threads may both make one for the same view; what it takes long to work out is made when it is asked for.
        pinned = Pinned(seen.index)
        self._last = seen, pinned
        return pinned


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
