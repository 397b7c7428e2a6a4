"""Filters drawn at random."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from reverse_search.domain.words import RANK_LEVELS, Captive, License
from reverse_search.geo.geojson import read_polygons, write_polygons
from reverse_search.geo.iconic import ICONIC_TAXA
from reverse_search.search.query import NO_ICONIC_TAXON, Filters
from tests.geo.plain_areas import boxes, circles, polygons

NOTHING: Any = st.none()
# Few days, so that a day often is the first or the last that is asked for.
days = st.integers(0, 6).map(lambda n: date.fromordinal(date(1969, 12, 29).toordinal() + n))
spans = st.tuples(NOTHING | days, NOTHING | days).map(lambda span: span if None in span else (min(span), max(span)))
ranks = st.tuples(NOTHING | st.sampled_from(list(RANK_LEVELS)), NOTHING | st.sampled_from(list(RANK_LEVELS))).map(
    lambda pair: pair if None in pair else tuple(sorted(pair, key=RANK_LEVELS.__getitem__))
)
observers = st.frozensets(st.integers(1, 6)) | st.just(frozenset(range(2, 60)))

FIELDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "bbox": boxes().map(lambda value: {"bbox": value}),
    "near": circles().map(lambda value: {"near": value}),
    "polygon": polygons().map(lambda value: {"polygon": read_polygons(write_polygons(value))}),
    "observed": spans.map(lambda span: {"observed_from": span[0], "observed_to": span[1]}),
    "created": spans.map(lambda span: {"created_from": span[0], "created_to": span[1]}),
    "captive": st.frozensets(st.sampled_from(Captive)).map(lambda value: {"captive": value}),
    "has_coordinates": (st.none() | st.booleans()).map(lambda value: {"has_coordinates": value}),
    "observer_ids": observers.map(lambda value: {"observer_ids": value}),
    "licenses": st.frozensets(st.sampled_from(License)).map(lambda value: {"licenses": value}),
    "iconic_taxa": st.frozensets(st.sampled_from([NO_ICONIC_TAXON, 1, 40151, *ICONIC_TAXA])).map(
        lambda value: {"iconic_taxa": value}
    ),
    "rank": ranks.map(lambda pair: {"lowest_rank": pair[0], "highest_rank": pair[1]}),
}


@st.composite
def filters(draw: st.DrawFn, most: int = len(FIELDS)) -> Filters:
    """A conjunction of up to so many filters."""
    names = draw(st.lists(st.sampled_from(list(FIELDS)), max_size=most, unique=True))
    values: dict[str, Any] = {}
    for name in names:
        values |= draw(FIELDS[name])
    return Filters(**values)
