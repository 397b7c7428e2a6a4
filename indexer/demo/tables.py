"""The tables of an Open Data folder, of planned observations."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from indexer.demo.drawing.scene import Shot
from indexer.demo.folder import HEADERS, Row, write_table
from indexer.demo.identifications import Crowd, Opinion, Said
from indexer.demo.sightings import PEOPLE, Sighting
from indexer.demo.taxa import Taxon
from reverse_search.domain.words import RANK_LEVELS

FIRST_PHOTO, FIRST_PERSON, FIRST_IDENTIFICATION = 990_000_001, 9_000_001, 990_000_001
"""Ids are high, so that a demo doesn't get in the way of real data in the same database."""
LICENSE = "CC0"
CROWD = 4
TRUTH = ("observation_uuid", "taxon_id", "state")


def numbered(sightings: Sequence[Sighting], seed: int) -> Iterator[tuple[Sighting, int, Shot]]:
    """All photos: of which observation, their position in it, what to draw."""
    number = FIRST_PHOTO
    for sighting in sightings:
        for position, flaw in enumerate(sighting.photos):
            yield sighting, position, Shot(sighting.drawn.genome, seed, sighting.number, number, flaw)
            number += 1


def write_tables(folder: Path, taxa: Sequence[Taxon], sightings: Sequence[Sighting], crowd: Crowd, seed: int) -> None:
    """Write all tables, tab-separated, each whole or not at all."""
    opinions = [crowd.opinion(s, np.random.default_rng([seed, CROWD, s.number])) for s in sightings]
    tables: Mapping[str, Iterable[Row]] = {
        "taxa": map(_taxon, taxa),
        "observers": ((FIRST_PERSON + n, f"observer_{n + 1}", f"Demo observer {n + 1}") for n in range(PEOPLE)),
        "observations": map(_observation, sightings, opinions),
        "photos": (_photo(*photo) for photo in numbered(sightings, seed)),
        "identifications": _identifications(sightings, opinions),
        "truth": ((s.uuid, s.drawn.taxon.taxon_id, s.state) for s in sightings),
    }
    for name, rows in tables.items():
        write_table(folder, name, HEADERS.get(name, TRUTH), rows)


def _taxon(taxon: Taxon) -> Row:
    ancestry = "/".join(map(str, taxon.ancestry))
    return taxon.taxon_id, ancestry, f"{RANK_LEVELS[taxon.rank]:g}", taxon.rank, taxon.name, "true"


def _observation(sighting: Sighting, opinion: Opinion) -> Row:
    place = sighting.latitude, sighting.longitude, sighting.accuracy_m
    return sighting.uuid, _person(sighting.observer), *place, opinion.taxon_id, opinion.grade, sighting.day


def _photo(sighting: Sighting, position: int, shot: Shot) -> Row:
    name = uuid.UUID(int=shot.number), shot.number, sighting.uuid, _person(sighting.observer)
    return *name, "jpg", LICENSE, *shot.size, position


def _identifications(sightings: Sequence[Sighting], opinions: Sequence[Opinion]) -> Iterator[Row]:
    said = ((sighting, s) for sighting, opinion in zip(sightings, opinions, strict=True) for s in opinion.said)
    for number, (sighting, s) in enumerate(said, start=FIRST_IDENTIFICATION):
        yield number, sighting.uuid, *_identification(s)


def _identification(said: Said) -> Row:
    current, disagreement = str(said.current).lower(), str(said.denied is not None).lower()
    at = f"{said.at:%Y-%m-%dT%H:%M:%SZ}"
    return _person(said.user), said.taxon_id, current, said.category, disagreement, "false", said.denied, at


def _person(number: int) -> int:
    return FIRST_PERSON + number - 1
