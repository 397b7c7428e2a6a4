"""A collection of a few hundred openly licensed observations, from the platform's API into an Open Data folder."""

import math
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.demo.folder import HEADERS
from indexer.demo.real.api import API_URL, Api, Pace
from indexer.demo.real.collect import collect
from indexer.demo.real.models import Observation, Taxon
from indexer.demo.real.plan import plan
from indexer.demo.real.tables import Tables, make_tables, write_tables
from indexer.demo.real.taxa import TaxonBook, referred_taxa, resolve
from reverse_search.domain.files import replace_dir
from reverse_search.errors import BadRequest, SourceError

MOST_OBSERVATIONS = 2_000

Progress = Callable[[int, int], None]
"""Told (done, all) observations."""


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A place as edges in degrees. It may not cross the date line.

    Raises:
        BadRequest: an edge is out of range, or on the wrong side of its opposite.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        edges = {"W": (self.west, 180), "S": (self.south, 90), "E": (self.east, 180), "N": (self.north, 90)}
        for name, (degrees, most) in edges.items():
            if not math.isfinite(degrees):
                raise BadRequest(f"--bbox: {name} is {degrees}, which is no number of degrees")
            if abs(degrees) > most:
                raise BadRequest(f"--bbox: {name} is {degrees:g}, but must lie between {-most} and {most} degrees")
        if self.west >= self.east:
            raise BadRequest(
                f"--bbox: W ({self.west:g}) must be less than E ({self.east:g}); "
                "the order is W,S,E,N, and a box can't cross the date line"
            )
        if self.south >= self.north:
            raise BadRequest(f"--bbox: S ({self.south:g}) must be less than N ({self.north:g}); the order is W,S,E,N")

    @classmethod
    def parse(cls, text: str) -> "BoundingBox":
        """Read "W,S,E,N".

        Raises:
            BadRequest: naming what is wrong.
        """
        parts = text.split(",")
        if len(parts) != 4:
            raise BadRequest(f"--bbox takes four numbers, W,S,E,N in degrees, not {len(parts)}: {text!r}")
        return cls(*map(_degrees, parts))

    def __str__(self) -> str:
        return ",".join(f"{edge:g}" for edge in (self.west, self.south, self.east, self.north))

    @property
    def params(self) -> Mapping[str, str]:
        """As parameters of a request."""
        return {
            "swlng": repr(self.west),
            "swlat": repr(self.south),
            "nelng": repr(self.east),
            "nelat": repr(self.north),
        }


@dataclass(frozen=True, slots=True)
class RealReport:
    """How much a collection holds."""

    observations: int
    photos: int
    taxa: int


def fetch_real_collection(
    folder: Path,
    taxon: str,
    *,
    bbox: BoundingBox | None = None,
    observations: int = 600,
    api_url: str = API_URL,
    progress: Progress,
    pace: Pace | None = None,
) -> RealReport:
    """Fetch a collection about a taxon and write it as an Open Data folder with identifications, without photos.

    It takes some twenty requests, at most one a second. The folder appears when all is there, or not at all; an earlier
    collection in it is replaced.

    Args:
        folder: to write. It is new, empty, or holds an earlier collection.
        taxon: scientific name or id.
        bbox: where; None is everywhere.
        observations: how many there should be; fewer if the platform has fewer.
        api_url: the API.
        progress: told (done, all) observations.
        pace: how fast and how patient to ask.

    Raises:
        BadRequest: the number is out of range, the folder holds something else, or the taxon isn't in use any more.
        UnknownTaxon: the platform has no such taxon.
        AmbiguousTaxon: it has several of this name.
        BadSettings: `api_url` isn't one to ask.
        SourceError: the API can't be reached or doesn't answer well, it has nothing suitable, or the disk refuses.
    """
    if not 1 <= observations <= MOST_OBSERVATIONS:
        raise BadRequest(
            f"{observations} observations can't be fetched: from 1 to {MOST_OBSERVATIONS} can; "
            "import the open data for more"
        )
    folder = folder.absolute()
    _check_target(folder)
    book = TaxonBook()
    with Api(api_url, pace) as api:
        about = resolve(api, taxon, book)
        found = _observations(api, about, book, bbox, observations, progress)
        book.add_all(found)
        book.complete(api, referred_taxa(found))
    tables = make_tables(found, book.taxa.values())
    _write(folder, tables)
    progress(len(found), len(found))
    return RealReport(len(found), len(tables["photos"]), len(tables["taxa"]))


def _observations(
    api: Api, about: Taxon, book: TaxonBook, bbox: BoundingBox | None, wanted: int, progress: Progress
) -> list[Observation]:
    """All parts of the plan, those of the taxon itself first."""
    found: dict[int, Observation] = {}
    progress(0, wanted)
    for part in plan(about, book.lineage(about), bbox.params if bbox else {}, wanted):
        before = len(found)

        def hear(more: int, before: int = before) -> None:
            progress(before + more, wanted)

        found.update((each.id, each) for each in collect(api, part, frozenset(found), hear))
        if not found:
            raise SourceError(_nothing(about, bbox))
    return list(found.values())


def _nothing(about: Taxon, bbox: BoundingBox | None) -> str:
    where = f" within {bbox}" if bbox else ""
    wider = "a larger --bbox or none, or a taxon above it" if bbox else "a taxon above it"
    return f"there are no verified observations of {about.name} with open licences{where}; try {wider}"


def _degrees(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadRequest(f"--bbox: {text.strip()!r} is not a number; give W,S,E,N in degrees") from None


def _check_target(folder: Path) -> None:
    """Refuse to replace anything but an earlier collection."""
    ours = {f"{name}.csv" for name in HEADERS}
    try:
        if folder.exists() and not all(path.name in ours for path in folder.iterdir()):
            raise BadRequest(f"{folder} holds other things than a collection; name a new folder")
    except OSError as error:
        raise SourceError(f"{folder} can't be used ({error.strerror}); name another folder") from error


def _write(folder: Path, tables: Tables) -> None:
    """Build beside the folder, then take its place. Whatever happens, the old collection or the new one is there."""
    aside, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{kind}") for kind in ("tmp", "old"))
    try:
        aside.mkdir(parents=True)
        write_tables(aside, tables)
        if folder.exists():
            folder.replace(old)
        replace_dir(aside, folder)
    except OSError as error:
        raise SourceError(f"{folder} can't be written ({error.strerror}); free some space or name another") from error
    finally:
        if old.exists() and not folder.exists():
            old.replace(folder)
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
