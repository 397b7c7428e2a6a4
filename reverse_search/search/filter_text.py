"""Filters as text and back: what a request's parameters and the command line's options have in common.

A parameter has the platform's name where it means what it means there.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TypeVar

from reverse_search.domain.words import RANK_LEVELS, Captive, License
from reverse_search.errors import BadRequest
from reverse_search.geo.areas import Box, Near
from reverse_search.geo.geojson import read_polygons, write_polygons
from reverse_search.geo.iconic import ICONIC_TAXA
from reverse_search.search.query import NO_ICONIC_TAXON, Filters

T = TypeVar("T")
PARAMETERS = (
    "bbox", "near", "polygon", "d1", "d2", "created_d1", "created_d2", "captive", "geo", "user_id", "photo_license",
    "iconic_taxa", "lrank", "hrank",
)  # fmt: skip
SPANS = {"observed": ("d1", "d2"), "created": ("created_d1", "created_d2"), "rank": ("lrank", "hrank")}
"""Options that are written FROM..TO, and the parameters of their two ends."""
OPTIONS = {
    "bbox": "bbox", "near": "near", "captive": "captive", "has_coordinates": "geo", "observer": "user_id",
    "license": "photo_license", "iconic": "iconic_taxa",
}  # fmt: skip
"""The other options, and the parameters they are. A polygon comes as a file, which isn't read here."""
ANY = "any"
MOST_OBSERVERS = 1000
MAX_ID = 2**63 - 1
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_CAPTIVE = {"true": Captive.YES, "false": Captive.NO, **{word.value: word for word in Captive}}
_YES_NO = {"true": True, "false": False, "yes": True, "no": False}
_ICONIC = {
    "unknown": NO_ICONIC_TAXON,
    **{name.casefold(): taxon_id for taxon_id, name in ICONIC_TAXA.items()},
    **{str(taxon_id): taxon_id for taxon_id in ICONIC_TAXA},
}


def read_filters(parameters: Mapping[str, str]) -> Filters:
    """Read parameters, each as one text; lists have commas, and an empty text or "any" asks nothing.

    bbox is "west,south,east,north", near "latitude,longitude,km", polygon GeoJSON, dates are YYYY-MM-DD.

    Raises:
        BadRequest: one can't be read; the message says what is right.
    """
    texts = {name: text.strip() for name, text in parameters.items() if text.strip().casefold() not in ("", ANY)}

    def one(name: str, read: Callable[[str], T]) -> T | None:
        return read(texts[name]) if name in texts else None

    return Filters(
        bbox=one("bbox", _bbox),
        near=one("near", _near),
        polygon=one("polygon", read_polygons),
        observed_from=one("d1", _day),
        observed_to=one("d2", _day),
        created_from=one("created_d1", _day),
        created_to=one("created_d2", _day),
        captive=_each(texts.get("captive", ""), _captive),
        has_coordinates=one("geo", _yes_no),
        observer_ids=_observers(texts.get("user_id", "")),
        licenses=_each(texts.get("photo_license", ""), _license),
        iconic_taxa=_each(texts.get("iconic_taxa", ""), _iconic),
        lowest_rank=one("lrank", _rank),
        highest_rank=one("hrank", _rank),
    )


def read_options(options: Mapping[str, str | None]) -> Filters:
    """Read options of the command line, by name; see SPANS and OPTIONS. Raises BadRequest."""
    parameters = {parameter: options.get(option) or "" for option, parameter in OPTIONS.items()}
    for option, (low, high) in SPANS.items():
        first, dots, last = (options.get(option) or "").partition("..")
        parameters |= {low: first, high: last if dots else first}
    return read_filters(parameters)


def write_filters(filters: Filters) -> dict[str, str]:
    """The parameters that `read_filters` reads as the same filters; those that aren't set are left out."""
    f = filters
    texts = {
        "bbox": f.bbox and _numbers((f.bbox.west, f.bbox.south, f.bbox.east, f.bbox.north)),
        "near": f.near and _numbers((f.near.latitude, f.near.longitude, f.near.radius_km)),
        "polygon": f.polygon and write_polygons(f.polygon),
        "d1": f.observed_from and f.observed_from.isoformat(),
        "d2": f.observed_to and f.observed_to.isoformat(),
        "created_d1": f.created_from and f.created_from.isoformat(),
        "created_d2": f.created_to and f.created_to.isoformat(),
        "captive": ",".join(sorted(f.captive)),
        "geo": {None: "", True: "true", False: "false"}[f.has_coordinates],
        "user_id": ",".join(map(str, sorted(f.observer_ids))),
        "photo_license": ",".join(sorted(f.licenses)),
        "iconic_taxa": ",".join(sorted(ICONIC_TAXA.get(taxon_id, "unknown") for taxon_id in f.iconic_taxa)),
        "lrank": f.lowest_rank,
        "hrank": f.highest_rank,
    }
    return {name: text for name, text in texts.items() if text}


def _word(what: str, words: Mapping[str, T], allowed: Iterable[str]) -> Callable[[str], T]:
    """A reader of one word of a closed list, in any case."""

    def read(text: str) -> T:
        if text.casefold() not in words:
            raise BadRequest(f"{what} can't be {text[:40]!r}; use one of {', '.join(allowed)}")
        return words[text.casefold()]

    return read


_captive = _word("captive", _CAPTIVE, Captive)
_yes_no = _word("has coordinates", _YES_NO, ("yes", "no"))
_license = _word("a licence", {word.value: word for word in License}, License)
_iconic = _word("an iconic taxon", _ICONIC, ("unknown", *ICONIC_TAXA.values()))
_rank = _word("a rank", {rank: rank for rank in RANK_LEVELS}, RANK_LEVELS)


def _each(text: str, read: Callable[[str], T]) -> frozenset[T]:
    return frozenset(read(part.strip()) for part in text.split(",") if part.strip())


def _observer(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and 0 < int(text) <= MAX_ID):
        raise BadRequest(f"an observer can't be {text[:40]!r}; use the platform's number of a user")
    return int(text)


def _observers(text: str) -> frozenset[int]:
    found = _each(text, _observer)
    if len(found) > MOST_OBSERVERS:
        raise BadRequest(f"{len(found):,} observers are too many; name at most {MOST_OBSERVERS:,}")
    return found


def _day(text: str) -> date:
    try:
        # The pattern, too: date.fromisoformat also takes 20110530 and 2011-W22-1.
        if _DATE(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadRequest(f"a date can't be {text[:40]!r}; use YYYY-MM-DD, such as 2026-05-01")


def _bbox(text: str) -> Box:
    return Box(*_read_numbers("bbox", text, 4, "west,south,east,north in degrees, such as 17.5,-35,20,-33"))


def _near(text: str) -> Near:
    return Near(*_read_numbers("near", text, 3, "latitude,longitude,km, such as -33.9,18.4,25"))


def _read_numbers(what: str, text: str, count: int, right: str) -> list[float]:
    parts = text.split(",")
    try:
        # float() alone also takes "1_0" and digits of other scripts. What isn't finite is out of every range.
        if len(parts) == count and text.isascii() and "_" not in text:
            return [float(part) for part in parts]
    except ValueError:
        pass
    raise BadRequest(f"{what} can't be {text[:60]!r}; use {right}")


def _numbers(numbers: Iterable[float]) -> str:
    return ",".join(repr(float(number)).removesuffix(".0") for number in numbers)
