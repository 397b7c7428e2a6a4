import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from reverse_search.domain.words import Kind, License, QualityGrade
from reverse_search.errors import BadRequest
from reverse_search.search.query import DEFAULT_GRADES, NO_FILTERS, Filters
from tests.search.drawn_filters import filters
from web.asked import (
    MOST_A_PAGE,
    PAGE_SIZE,
    Page,
    filter_parameters,
    filters_of,
    grades_of,
    kind_of,
    link_parameters,
    page_of,
)


def test_defaults() -> None:
    nothing: MultiDict[str, str] = MultiDict()
    assert kind_of(nothing) is None
    assert grades_of(nothing) == DEFAULT_GRADES
    assert page_of(nothing) == Page(1, PAGE_SIZE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"page": "0"}, "page can't be '0'; use a number from 1"),
        ({"page": "x"}, "use a number"),
        ({"page": "²"}, "use a number"),
        ({"page": "9" * 40}, "use a number"),
        ({"per_page": str(MOST_A_PAGE + 1)}, "from 1 to 100"),
    ],
)
def test_a_wrong_page_says_what_is_right(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        page_of(MultiDict(arguments))


def test_wrong_words_say_what_is_right() -> None:
    with pytest.raises(BadRequest, match="use one of any, unknown, coarse, conflicting"):
        kind_of(MultiDict({"kind": "nix"}))
    with pytest.raises(BadRequest, match="use one of casual, needs_id, research"):
        grades_of(MultiDict({"quality_grade": "needs_id,nix"}))


@given(st.sets(st.sampled_from(list(QualityGrade)), min_size=1), st.booleans())
def test_grades_come_one_by_one_or_with_commas(grades: set[QualityGrade], commas: bool) -> None:
    values = [",".join(grades)] if commas else list(grades)
    assert grades_of(MultiDict([("quality_grade", value) for value in values])) == grades


@given(st.sets(st.sampled_from(list(QualityGrade)), min_size=1), st.integers(1, 50), st.integers(1, MOST_A_PAGE))
def test_a_link_leads_to_the_same_search(grades: set[QualityGrade], number: int, size: int) -> None:
    parameters = link_parameters(frozenset(grades), Page(number, size))
    arguments = MultiDict([(k, str(v)) for k, vs in parameters.items() for v in (vs if isinstance(vs, list) else [vs])])
    assert grades_of(arguments) == grades
    assert page_of(arguments).size == size


@given(st.integers(1, 1000), st.integers(1, 100), st.integers(0, 5000))
def test_pages_hold_every_entry_once(number: int, size: int, entries: int) -> None:
    page = Page(number, size)
    assert page.offset == (number - 1) * size
    assert (page.count(entries) - 1) * size < max(entries, 1) <= page.count(entries) * size


def test_kinds() -> None:
    assert [kind_of(MultiDict({"kind": k})) for k in ("any", "unknown", "coarse")] == [None, Kind.UNKNOWN, Kind.COARSE]


@settings(deadline=None)
@given(filters(most=4))
def test_filters_are_parameters_and_back(asked: Filters) -> None:
    assert filters_of(MultiDict(filter_parameters(asked))) == asked


def test_no_filters() -> None:
    assert filters_of(MultiDict({"page": "2", "bbox": "", "captive": "any"})) == NO_FILTERS
    assert filter_parameters(NO_FILTERS) == {}


def test_lists_of_filters_come_one_by_one_or_with_commas() -> None:
    several = MultiDict([("photo_license", "cc0"), ("photo_license", ""), ("photo_license", "pd,cc-by")])
    assert filters_of(several).licenses == {License.CC0, License.PD, License.CC_BY}


def test_a_filter_that_can_be_only_one_thing_comes_once() -> None:
    with pytest.raises(BadRequest, match="use YYYY-MM-DD"):
        filters_of(MultiDict([("d1", "2024-01-01"), ("d1", "2024-01-02")]))
    with pytest.raises(BadRequest, match="use west,south,east,north"):
        filters_of(MultiDict({"bbox": "1,2,3"}))
