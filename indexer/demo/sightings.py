"""Which observations the demo has: of what, by whom, where, when, in which state, with how many photos.

All of it follows from the seed and the number of photos. The places lie in the open sea near 0° N 0° E, so that nobody
takes them for records.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from indexer.demo.drawing.scene import Flaw
from indexer.demo.taxa import Drawn
from reverse_search.errors import BadRequest

MIN_PHOTOS = 60
PEOPLE = 60
FIRST_DAY, DAYS = date(2024, 4, 1), 730
HOME, FAR = (0.31, 0.42), (-3.6, 2.9)
"""Latitude and longitude of the two regions, some 500 km apart."""
REGION_DEGREES = 0.07
"""How far sightings are scattered: all of a region lie within 50 km of each other."""
ACCURACIES_M = (5, 5, 12, 12, 30, 80, 500)
SHARE_FAR = 0.06
PHOTOS_IN_TURN = (1, 1, 2, 1, 1, 1, 2, 1, 3, 1)
"""Photos of one observation, of the next, and so on."""
MIN_RECORDS = 4
"""Of every known species, so that each has at least a provisional leaf."""


class State(StrEnum):
    """How far an observation has come, in the words of the truth table."""

    VERIFIED = "verified"
    SINGLE = "single"
    UNKNOWN = "unknown"
    COARSE = "coarse"
    CONFLICTING = "conflicting"
    CASUAL = "casual"
    NO_PHOTO = "no_photo"
    BROKEN = "broken"


class Of(StrEnum):
    """Which species a case is about."""

    KNOWN = "known"
    UNNAMED = "unnamed"
    OUT_OF_PLACE = "out of place"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of observation.

    Attributes:
        state: its state.
        share: of all observations.
        of: of which species.
        flawed: share of its photos that something is wrong with.
    """

    state: State
    share: float
    of: Of = Of.KNOWN
    flawed: float = 0.09


CASES = (
    Case(State.VERIFIED, 0.575),
    Case(State.SINGLE, 0.070),
    Case(State.UNKNOWN, 0.110),
    Case(State.UNKNOWN, 0.010, flawed=1.0),
    Case(State.UNKNOWN, 0.014, Of.UNNAMED),
    Case(State.UNKNOWN, 0.010, Of.OUT_OF_PLACE, flawed=0.0),
    Case(State.UNKNOWN, 0.004, Of.HYBRID),
    Case(State.COARSE, 0.110),
    Case(State.CONFLICTING, 0.050),
    Case(State.CASUAL, 0.037),
    Case(State.NO_PHOTO, 0.006),
    Case(State.BROKEN, 0.006),
)


PHOTOS_OF = {State.NO_PHOTO: 0, State.BROKEN: 1}
"""Where it isn't as for the others."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An observation.

    Attributes:
        number: of the observation, from 1.
        uuid: of the observation.
        drawn: what it is.
        state: how far it has come.
        observer: whose it is, from 1.
        latitude: degrees.
        longitude: degrees.
        accuracy_m: of the place, in metres.
        day: when it was observed.
        photos: one for each photo: what is wrong with it.
    """

    number: int
    uuid: str
    drawn: Drawn
    state: State
    observer: int
    latitude: float
    longitude: float
    accuracy_m: int
    day: date
    photos: tuple[Flaw, ...]


def plan_sightings(species: Sequence[Drawn], photos: int, seed: int) -> list[Sighting]:
    """All observations, with `photos` photos together.

    Raises:
        BadRequest: so few photos can't show every state.
    """
    if photos < MIN_PHOTOS:
        raise BadRequest(f"a demo of {photos} photos can't show every state; ask for at least {MIN_PHOTOS}")
    rng = np.random.default_rng([seed, 0])
    mean = sum(PHOTOS_IN_TURN) / len(PHOTOS_IN_TURN)
    counts = apportion([case.share for case in CASES], round(photos / mean))
    what = [
        (case, drawn, PHOTOS_OF.get(case.state, PHOTOS_IN_TURN[i % len(PHOTOS_IN_TURN)]))
        for case, n in zip(CASES, counts, strict=True)
        for i, drawn in enumerate(_species_of(case, n, species, rng))
    ]
    sightings = [_sighting(n, what[i], rng) for n, i in enumerate(rng.permutation(len(what)), start=1)]
    return _with_photos_in_all(sightings, photos)


def apportion(weights: Sequence[float], total: int, least: int = 1) -> list[int]:
    """Whole numbers in the ratio of the weights, each at least `least`, `total` together if that can be."""
    exact = np.asarray(weights, dtype=np.float64) / sum(weights) * total
    counts = np.maximum(np.floor(exact).astype(np.int64), least)
    while counts.sum() != total:
        step = 1 if counts.sum() < total else -1
        can = counts > least if step < 0 else np.ones(len(counts), dtype=np.bool_)
        if not can.any():
            break
        counts[np.argmax(np.where(can, step * (exact - counts), -np.inf))] += step
    return [int(n) for n in counts]


def _species_of(case: Case, n: int, species: Sequence[Drawn], rng: np.random.Generator) -> list[Drawn]:
    known = [s for s in species if s.known]
    among = {
        Of.KNOWN: known,
        Of.UNNAMED: [s for s in species if not s.known],
        Of.OUT_OF_PLACE: [s for s in known if s.far],
        Of.HYBRID: [s for s in known if s.taxon.rank == "hybrid"],
    }[case.of]
    if case.state is State.VERIFIED and n >= 2 * MIN_RECORDS * len(among):
        counts = apportion([s.common for s in among], n, MIN_RECORDS)
        return [s for s, k in zip(among, counts, strict=True) for _ in range(k)]
    weights = np.array([s.common for s in among])
    return [among[i] for i in rng.choice(len(among), n, p=weights / weights.sum())]


def _sighting(number: int, what: tuple[Case, Drawn, int], rng: np.random.Generator) -> Sighting:
    case, drawn, photos = what
    latitude, longitude = _place(case, drawn, rng)
    eager = 1 / (np.arange(PEOPLE) + 12)
    return Sighting(
        number=number,
        uuid=str(uuid.UUID(bytes=rng.bytes(16), version=4)),
        drawn=drawn,
        state=case.state,
        observer=1 + int(rng.choice(PEOPLE, p=eager / eager.sum())),
        latitude=latitude,
        longitude=longitude,
        accuracy_m=ACCURACIES_M[rng.integers(len(ACCURACIES_M))],
        day=FIRST_DAY + timedelta(days=int(rng.integers(DAYS))),
        photos=tuple(_flaw(case, rng) for _ in range(photos)),
    )


def _place(case: Case, drawn: Drawn, rng: np.random.Generator) -> tuple[float, float]:
    far = drawn.far and case.of is not Of.OUT_OF_PLACE
    if not drawn.far and rng.random() < SHARE_FAR:
        far = True
    latitude, longitude = np.array(FAR if far else HOME) + rng.normal(0, REGION_DEGREES, 2).clip(-0.15, 0.15)
    return round(float(latitude), 6), round(float(longitude), 6)


def _flaw(case: Case, rng: np.random.Generator) -> Flaw:
    if rng.random() >= case.flawed:
        return Flaw.NONE
    flaws = [flaw for flaw in Flaw if flaw is not Flaw.NONE]
    return flaws[rng.integers(len(flaws))]


def _with_photos_in_all(sightings: list[Sighting], photos: int) -> list[Sighting]:
    """The same with a photo more or less here and there, so that there are exactly so many."""
    excess = sum(len(s.photos) for s in sightings) - photos
    changed = list(sightings)
    while excess:
        step = 1 if excess > 0 else -1
        for i, sighting in enumerate(changed):
            if sighting.state in PHOTOS_OF or not excess:
                continue
            if step > 0 and len(sighting.photos) > 1:
                changed[i] = replace(sighting, photos=sighting.photos[:-1])
            elif step < 0 and len(sighting.photos) < 4:
                changed[i] = replace(sighting, photos=(*sighting.photos, sighting.photos[-1]))
            else:
                continue
            excess -= step
    return changed
