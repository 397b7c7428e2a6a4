from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.words import Captive, License
from reverse_search.errors import BadRequest
from reverse_search.geo.areas import Box, Near, Polygons
from reverse_search.search.filter_text import (
    MOST_OBSERVERS,
    OPTIONS,
    PARAMETERS,
    SPANS,
    read_filters,
    read_options,
    write_filters,
)
from reverse_search.search.query import NO_FILTERS, NO_ICONIC_TAXON, Filters
from tests.search.drawn_filters import filters

TRIANGLE = '{"type":"Polygon","coordinates":[[[0,0],[10,0],[0,10],[0,0]]]}'
EVERYTHING = {
    "bbox": "17.5,-35,20,-33",
    "near": "-33.9,18.4,25",
    "polygon": TRIANGLE,
    "d1": "2024-01-02",
    "d2": "2024-03-04",
    "created_d1": "2024-05-06",
    "created_d2": "2024-07-08",
    "captive": "no,unknown",
    "geo": "true",
    "user_id": "7,12",
    "photo_license": "cc-by,none",
    "iconic_taxa": "Aves,unknown",
    "lrank": "genus",
    "hrank": "order",
}
READ = Filters(
    bbox=Box(17.5, -35, 20, -33),
    near=Near(-33.9, 18.4, 25),
    polygon=Polygons(((((0, 0), (10, 0), (0, 10), (0, 0)),),)),
    observed_from=date(2024, 1, 2),
    observed_to=date(2024, 3, 4),
    created_from=date(2024, 5, 6),
    created_to=date(2024, 7, 8),
    captive=frozenset({Captive.NO, Captive.UNKNOWN}),
    has_coordinates=True,
    observer_ids=frozenset({7, 12}),
    licenses=frozenset({License.CC_BY, License.NONE}),
    iconic_taxa=frozenset({3, NO_ICONIC_TAXON}),
    lowest_rank="genus",
    highest_rank="order",
)


@settings(deadline=None)
@given(filters())
def test_round_trip(asked: Filters) -> None:
    texts = write_filters(asked)
    assert read_filters(texts) == asked
    assert write_filters(read_filters(texts)) == texts
    assert set(texts) <= set(PARAMETERS)


def test_every_parameter() -> None:
    assert tuple(EVERYTHING) == PARAMETERS
    assert read_filters(EVERYTHING) == READ
    assert write_filters(READ) == EVERYTHING


def test_nothing_and_any_ask_nothing() -> None:
    for text in ("", "  ", "any"):
        assert read_filters(dict.fromkeys(PARAMETERS, text)) == NO_FILTERS
    assert read_filters({"something_else": "x"}) == NO_FILTERS
    assert write_filters(NO_FILTERS) == {}


def test_other_ways_to_say_it() -> None:
    assert read_filters({"captive": "true"}).captive == {Captive.YES}
    assert read_filters({"geo": "No"}).has_coordinates is False
    assert read_filters({"iconic_taxa": " plantae ,47170,,UNKNOWN"}).iconic_taxa == {47126, 47170, NO_ICONIC_TAXON}
    assert read_filters({"photo_license": "CC-BY-NC"}).licenses == {License.CC_BY_NC}
    assert read_filters({"bbox": " 1, 2 ,3.5,4e0 "}).bbox == Box(1, 2, 3.5, 4)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("bbox", "1,2,3", "bbox can't be '1,2,3'; use west,south,east,north"),
        ("bbox", "1,2,3,x", "use west,south,east,north"),
        ("bbox", "1,2,3,4,5", "use west,south,east,north"),
        ("bbox", "1_0,2,3,4", "use west,south,east,north"),
        ("bbox", "١,2,3,4", "use west,south,east,north"),
        ("bbox", "0,nan,1,1", "use west,south,east,north"),
        ("bbox", "0,10,1,1", "south below north"),
        ("near", "1,2", "near can't be '1,2'; use latitude,longitude,km"),
        ("near", "1,2,inf", "radius above 0"),
        ("near", "95,2,1", "near can't be 95,2,1"),
        ("polygon", "{}", "the polygon has the GeoJSON type"),
        ("d1", "2024-02-30", "a date can't be '2024-02-30'; use YYYY-MM-DD"),
        ("d2", "20240201", "use YYYY-MM-DD"),
        ("created_d1", "2024-W05-1", "use YYYY-MM-DD"),
        ("created_d2", "0000-01-01", "use YYYY-MM-DD"),
        ("captive", "maybe", "captive can't be 'maybe'; use one of yes, no, unknown"),
        ("geo", "maybe", "has coordinates can't be 'maybe'; use one of yes, no"),
        ("user_id", "kueda", "an observer can't be 'kueda'; use the platform's number"),
        ("user_id", "0", "an observer can't be"),
        ("user_id", "9223372036854775808", "an observer can't be"),
        ("user_id", ",".join(map(str, range(1, MOST_OBSERVERS + 2))), "1,001 observers are too many"),
        ("photo_license", "cc", "a licence can't be 'cc'; use one of none, cc0, cc-by"),
        ("iconic_taxa", "Birds", "an iconic taxon can't be 'Birds'; use one of unknown, Animalia, Aves"),
        ("lrank", "clan", "a rank can't be 'clan'; use one of stateofmatter, kingdom"),
    ],
)
def test_what_is_wrong_is_answered_with_what_is_right(name: str, text: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        read_filters({name: text})


@settings(deadline=None)
@given(st.sampled_from(PARAMETERS), st.text(max_size=30) | st.text('0123456789.,-{}[]"_e', max_size=30))
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    with suppress(BadRequest):
        asked = read_filters({name: text})
        assert read_filters(write_filters(asked)) == asked


def test_options_of_the_command_line_mean_the_same() -> None:
    options = {option: EVERYTHING[parameter] for option, parameter in OPTIONS.items()}
    spans = {option: f"{EVERYTHING[low]}..{EVERYTHING[high]}" for option, (low, high) in SPANS.items()}
    assert read_options(options | spans) == replace(READ, polygon=None)
    assert read_options({}) == read_options({"bbox": None, "rank": None}) == NO_FILTERS


def test_an_end_of_a_span_may_be_left_out_and_one_word_is_both() -> None:
    assert read_options({"observed": "2024-01-02.."}) == Filters(observed_from=date(2024, 1, 2))
    assert read_options({"created": "..2024-01-02"}) == Filters(created_to=date(2024, 1, 2))
    assert read_options({"rank": "genus"}) == Filters(lowest_rank="genus", highest_rank="genus")
    with pytest.raises(BadRequest, match="use YYYY-MM-DD"):
        read_options({"observed": "2024-01-02...2024-01-03"})
