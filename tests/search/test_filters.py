"""Filters on columns against their definition, one observation at a time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.catalogue import CAPTIVE_CODES, LICENSE_CODES, NO_DAY, ObservationColumns
from reverse_search.domain.lacking import IdentificationColumns
from reverse_search.domain.words import LIFE_TAXON_ID, RANK_LEVELS, Captive, License
from reverse_search.errors import BadRequest
from reverse_search.geo.areas import Box, Near
from reverse_search.geo.iconic import ICONIC_TAXA, iconic_of_nodes
from reverse_search.search.filters import FEW, mask
from reverse_search.search.query import NO_FILTERS, NO_ICONIC_TAXON, Filters, TaxonQuery
from reverse_search.search.rows import uuid_text
from reverse_search.search.taxon_search import TaxonSearch
from reverse_search.store import columns as stored
from tests.geo.plain_areas import box_holds, circle_holds, edge_is_near, points, polygons_hold
from tests.search.drawn_filters import FIELDS, days, filters
from tests.search.made_index import TAXONOMY, MadeIndex, make_index

INDEX = make_index()
NOBODY_KNOWS = 999_999
T = TypeVar("T", date, float)
TAXA = [LIFE_TAXON_ID, 1, 40151, 20, 21, 22, NOBODY_KNOWS]


@dataclass(frozen=True)
class Row:
    """One observation, as people would describe it."""

    place: tuple[float, float]
    observed: date | None
    created: date | None
    captive: Captive
    observer_id: int
    license: License
    own: int | None
    said: frozenset[int]


rows = st.builds(
    Row,
    place=points(),
    observed=st.none() | days,
    created=st.none() | days,
    captive=st.sampled_from(Captive),
    observer_id=st.integers(1, 6) | st.sampled_from([40, 2**40]),
    license=st.sampled_from(License),
    own=st.none() | st.sampled_from(TAXA),
    said=st.frozensets(st.sampled_from(TAXA), max_size=3),
)


def index_of(observations: Sequence[Row]) -> MadeIndex:
    n = len(observations)
    zeros = np.zeros(n, dtype=np.int32)
    places = np.array([row.place for row in observations], dtype=np.float64).reshape(-1, 2)
    own = np.array([TAXONOMY.node(row.own) if row.own else -1 for row in observations], dtype=np.int32)
    columns = ObservationColumns(
        uuid=np.zeros((n, 16), np.uint8),
        platform_id=zeros.astype(np.int64),
        observer_id=np.array([row.observer_id for row in observations], dtype=np.int64),
        taxon=own,
        quality_grade=zeros.astype(np.int8),
        captive=np.array([CAPTIVE_CODES[row.captive] for row in observations], dtype=np.int8),
        latitude=places[:, 0],
        longitude=places[:, 1],
        accuracy_m=zeros,
        obscured=zeros.astype(np.int8),
        observed_day=np.array([days_since_1970(row.observed) for row in observations], dtype=np.int32),
        created_day=np.array([days_since_1970(row.created) for row in observations], dtype=np.int32),
        label=zeros,
        touched=zeros.astype(np.int8),
        photo_state=zeros.astype(np.int8),
        first_photo=zeros.astype(np.int64),
        photo_count=zeros,
        license=np.array([LICENSE_CODES[row.license] for row in observations], dtype=np.int8),
        iconic=iconic_of_nodes(TAXONOMY)[own],
    )
    pairs = [(i, TAXONOMY.node(taxon_id)) for i, row in enumerate(observations) for taxon_id in row.said]
    said = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    nothing = np.zeros(0, dtype=np.int64)
    evidence = IdentificationColumns.from_pairs((said[0], said[1]), (nothing, nothing), n, TAXONOMY)
    return replace(INDEX, observations=columns, identifications=evidence)


def days_since_1970(day: date | None) -> int:
    return NO_DAY if day is None else (day - date(1970, 1, 1)).days


def passes(row: Row, asked: Filters) -> bool | None:
    """The definition. None where rounding decides, at the edge of an area."""
    latitude, longitude = row.place
    unclear = asked.polygon is not None and edge_is_near(asked.polygon, latitude, longitude)
    near = asked.near is None or circle_holds(asked.near, latitude, longitude)
    tests = (
        asked.bbox is None or box_holds(asked.bbox, latitude, longitude),
        asked.polygon is None or unclear or polygons_hold(asked.polygon, latitude, longitude),
        near is not False,
        within(row.observed, asked.observed_from, asked.observed_to),
        within(row.created, asked.created_from, asked.created_to),
        not asked.captive or row.captive in asked.captive,
        asked.has_coordinates in (None, not (math.isnan(latitude) or math.isnan(longitude))),
        not asked.observer_ids or row.observer_id in asked.observer_ids,
        not asked.licenses or row.license in asked.licenses,
        not asked.iconic_taxa or iconic_taxon_of(row) in asked.iconic_taxa,
        within(finest_level_of(row), level(asked.lowest_rank), level(asked.highest_rank)),
    )
    if not all(tests):
        return False
    return None if unclear or near is None else True


def within(value: T | None, first: T | None, last: T | None) -> bool:
    if first is None and last is None:
        return True
    return value is not None and (first is None or value >= first) and (last is None or value <= last)


def level(rank: str | None) -> float | None:
    return None if rank is None else RANK_LEVELS[rank]


def iconic_taxon_of(row: Row) -> int:
    if row.own is None or row.own == NOBODY_KNOWS:
        return NO_ICONIC_TAXON
    lineage = [int(TAXONOMY.taxon_ids[node]) for node in TAXONOMY.lineage(TAXONOMY.node(row.own))]
    return next((taxon_id for taxon_id in reversed(lineage) if taxon_id in ICONIC_TAXA), NO_ICONIC_TAXON)


def finest_level_of(row: Row) -> float | None:
    said = row.said - {LIFE_TAXON_ID}
    if not said or NOBODY_KNOWS in said:
        return None
    return min(float(TAXONOMY.rank_levels[TAXONOMY.node(taxon_id)]) for taxon_id in said)


def check(observations: list[Row], asked: Filters) -> None:
    found = mask(asked, index_of(observations)).tolist()
    for row, was in zip(observations, found, strict=True):
        assert passes(row, asked) in (was, None), row


@settings(deadline=None)
@given(st.lists(rows, max_size=8), filters(most=4))
def test_conjunctions(observations: list[Row], asked: Filters) -> None:
    check(observations, asked)


@pytest.mark.parametrize("name", list(FIELDS))
@settings(deadline=None)
@given(st.lists(rows, max_size=12), st.data())
def test_each_filter_alone(name: str, observations: list[Row], data: st.DataObject) -> None:
    check(observations, Filters(**data.draw(FIELDS[name])))


@settings(deadline=None)
@given(st.lists(rows, max_size=8), filters(most=3), st.data())
def test_only_the_rows_that_are_asked_for(observations: list[Row], asked: Filters, data: st.DataObject) -> None:
    index = index_of(observations)
    n = len(observations)
    among = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=np.bool_)
    before = among.copy()
    assert mask(asked, index, among).tolist() == (among & mask(asked, index)).tolist()
    assert among.tolist() == before.tolist()


def test_no_filter_leaves_nothing_out() -> None:
    assert mask(NO_FILTERS, INDEX).all()
    assert len(mask(NO_FILTERS, index_of([]))) == 0


def test_many_observers_are_looked_up_as_few_are() -> None:
    observer_ids = INDEX.observations.observer_id
    wanted = frozenset(range(3, 3 + FEW + 9)) | {1000}
    found = mask(Filters(observer_ids=wanted), INDEX)
    assert found.tolist() == [int(observer_id) in wanted for observer_id in observer_ids]


def test_an_iconic_taxon_that_the_taxonomy_lacks_is_not_taken_for_none() -> None:
    observations = index_of([Row((0, 0), None, None, Captive.NO, 1, License.NONE, None, frozenset())])
    plants, unknown = Filters(iconic_taxa=frozenset({47126})), Filters(iconic_taxa=frozenset({NO_ICONIC_TAXON}))
    assert (mask(plants, observations).tolist(), mask(unknown, observations).tolist()) == ([False], [True])


@pytest.mark.parametrize("taxon_id", [22, 42, 20])
def test_a_search_answers_with_what_passes(taxon_id: int) -> None:
    asked = Filters(
        bbox=Box(18.35, -33.95, 18.45, -33.85),
        licenses=frozenset({License.CC0, License.CC_BY, License.CC_BY_NC, License.NONE}),
        observed_from=date(2022, 6, 1),
    )
    whole = TaxonSearch(INDEX).run(TaxonQuery(taxon_id, limit=1000))
    some = TaxonSearch(INDEX).run(TaxonQuery(taxon_id, limit=1000, filters=asked))
    passing = {uuid_text(u) for u in INDEX.observations.uuid[mask(asked, INDEX)]}
    wanted = [c.observation_uuid for c in whole.candidates if c.observation_uuid in passing]
    assert [c.observation_uuid for c in some.candidates] == wanted
    assert 0 < len(wanted) == sum(some.counts.values()) < len(whole.candidates)


def test_nothing_passes_is_an_explained_empty_page() -> None:
    page = TaxonSearch(INDEX).run(TaxonQuery(22, filters=Filters(near=Near(80, 0, 1))))
    assert page.candidates == ()
    assert page.explanation
    assert sum(page.counts.values()) == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"observed_from": date(2024, 5, 2), "observed_to": date(2024, 5, 1)},
            "observed from 2024-05-02 to 2024-05-01",
        ),
        (
            {"created_from": date(2024, 5, 2), "created_to": date(2023, 6, 1)},
            "created from .*the earlier day comes first",
        ),
        ({"lowest_rank": "family", "highest_rank": "genus"}, "no rank is from family up to genus"),
        ({"highest_rank": "clan"}, "no rank is called 'clan'; use one of stateofmatter, kingdom"),
    ],
)
def test_what_nothing_can_pass_is_refused(values: dict[str, date], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        Filters(**values)  # type: ignore[arg-type]


def test_the_index_and_the_database_have_one_way_to_say_no_day() -> None:
    assert stored.NO_DAY == NO_DAY
