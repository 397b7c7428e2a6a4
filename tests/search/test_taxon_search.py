import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.lacking import KIND_CODES
from reverse_search.domain.personal import Mark, PersonalMarks
from reverse_search.domain.words import Kind, QualityGrade
from reverse_search.errors import UnknownTaxon
from reverse_search.search import candidates
from reverse_search.search.query import TaxonQuery
from reverse_search.search.rows import uuid_text
from reverse_search.search.suggesting import leaf_probabilities
from reverse_search.search.taxon_search import TaxonSearch
from tests.search.made_index import LEAVES, TAXONOMY, MadeIndex, make_index

INDEX = make_index()
TAXA = [1, 40151, 20, 21, 22, 23, 30, 42]


def in_play(index: MadeIndex, taxon_id: int, kind: Kind | None) -> set[str]:
    """The pool by its plain definition."""
    kinds = index.identifications.kinds(TAXONOMY.node(taxon_id), TAXONOMY)
    observations = index.observations
    rows = [
        row
        for row in range(len(observations))
        if kinds[row] >= 0
        and (kind is None or kinds[row] == KIND_CODES[kind])
        and observations.quality_grade[row] > 0
        and observations.photo_count[row] > 0
    ]
    return {uuid_text(observations.uuid[row]) for row in rows}


@pytest.mark.parametrize("least", [1, 7, 4000])
@settings(deadline=None, max_examples=40)
@given(taxon_id=st.sampled_from(TAXA), kind=st.none() | st.sampled_from(list(Kind)), limit=st.integers(1, 400))
def test_always_as_many_as_there_are(least: int, taxon_id: int, kind: Kind | None, limit: int) -> None:
    pool = in_play(INDEX, taxon_id, kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "MIN_CANDIDATES", least)
        page = TaxonSearch(INDEX).run(TaxonQuery(taxon_id, kind=kind, limit=limit))
    found = [c.observation_uuid for c in page.candidates]
    assert len(found) == len(set(found)) == min(limit, len(pool))
    assert set(found) <= pool
    assert [c.probability for c in page.candidates] == sorted((c.probability for c in page.candidates), reverse=True)
    assert page.counts == {k: len(in_play(INDEX, taxon_id, k)) for k in Kind}
    assert (page.explanation is None) == bool(found)


def test_few_candidates_find_what_scoring_everything_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = TaxonSearch(INDEX).run(TaxonQuery(22, limit=10))
    monkeypatch.setattr(candidates, "MIN_CANDIDATES", 40)
    some = TaxonSearch(INDEX).run(TaxonQuery(22, limit=10))
    assert [c.observation_uuid for c in some.candidates] == [c.observation_uuid for c in whole.candidates]
    assert whole.plan["exact"] is True
    assert some.plan["path"] == "brute"


def test_the_classifier_probability_is_exact_at_every_rank() -> None:
    rows = np.flatnonzero(INDEX.observations.has_photo()).astype(np.int64)
    probabilities, _ = leaf_probabilities(INDEX, rows)
    by_uuid = {uuid_text(INDEX.observations.uuid[row]): p for row, p in zip(rows, probabilities, strict=True)}
    for taxon_id in TAXA:
        node = TAXONOMY.node(taxon_id)
        inside = [TAXONOMY.contains(node, int(leaf)) for leaf in LEAVES]
        for c in TaxonSearch(INDEX).run(TaxonQuery(taxon_id, limit=50)).candidates:
            assert c.classifier_probability == pytest.approx(by_uuid[c.observation_uuid][inside].sum(), abs=1e-4)


def test_exemplars_are_verified_distinct_and_never_its_own() -> None:
    observations, photos = INDEX.observations, INDEX.photos
    row_of = {int(p): int(o) for p, o in zip(photos.photo_id, photos.observation, strict=True)}
    for c in TaxonSearch(INDEX).run(TaxonQuery(20, limit=60)).candidates:
        shown = [row_of[p] for p in c.exemplar_photo_ids]
        assert all(TAXONOMY.contains(TAXONOMY.node(20), int(observations.label[row])) for row in shown)
        assert len({int(observations.observer_id[row]) for row in shown}) == len(shown) == 3
        assert not set(c.exemplar_photo_ids) & set(c.photo_ids)


def test_likely_is_the_sum_of_the_probabilities() -> None:
    page = TaxonSearch(INDEX).run(TaxonQuery(42, limit=10_000))
    for kind in Kind:
        total = sum(c.probability for c in page.candidates if c.kind is kind)
        assert page.likely[kind] == pytest.approx(total)


def test_a_taxon_without_exemplars_is_an_explained_empty_page() -> None:
    page = TaxonSearch(INDEX).run(TaxonQuery(50))
    assert page.candidates == ()
    assert "no verified observation" in str(page.explanation)
    assert sum(page.counts.values()) > 0


def test_grades_are_a_filter_and_unknown_taxa_an_error() -> None:
    casual = TaxonSearch(INDEX).run(TaxonQuery(22, limit=10_000, grades=frozenset({QualityGrade.CASUAL})))
    usual = TaxonSearch(INDEX).run(TaxonQuery(22, limit=10_000))
    assert casual.candidates
    assert not {c.observation_uuid for c in casual.candidates} & {c.observation_uuid for c in usual.candidates}
    with pytest.raises(UnknownTaxon):
        TaxonSearch(INDEX).run(TaxonQuery(31337))


def test_what_looks_like_it_comes_first() -> None:
    true = {uuid_text(u): int(n) for u, n in zip(INDEX.observations.uuid, INDEX.true_nodes, strict=True)}
    best = TaxonSearch(INDEX).run(TaxonQuery(42, limit=10)).candidates
    assert sum(true[c.observation_uuid] == TAXONOMY.node(42) for c in best) >= 9


@settings(deadline=None, max_examples=30)
@given(
    taxon_id=st.sampled_from(TAXA),
    kind=st.none() | st.sampled_from(list(Kind)),
    offset=st.integers(0, 320),
    limit=st.integers(1, 60),
)
def test_a_page_is_a_slice_of_the_whole_list(taxon_id: int, kind: Kind | None, offset: int, limit: int) -> None:
    whole = TaxonSearch(INDEX).run(TaxonQuery(taxon_id, kind=kind, limit=1000))
    page = TaxonSearch(INDEX).run(TaxonQuery(taxon_id, kind=kind, limit=limit, offset=offset))
    assert page.candidates == whole.candidates[offset : offset + limit]
    assert (page.counts, page.likely, page.explanation) == (whole.counts, whole.likely, whole.explanation)


def test_what_a_person_has_put_aside_stays_away_from_them_alone() -> None:
    """Reviewed ones everywhere; "not X" for X and what is below it."""
    search, query = TaxonSearch(INDEX), TaxonQuery(42, limit=20)
    before = search.run(query)
    uuids = [uuid.UUID(c.observation_uuid).bytes for c in before.candidates]
    said = [Mark(uuids[0]), Mark(uuids[1], 42), Mark(uuids[2], 40151), Mark(uuids[3], 22)]
    person = PersonalMarks.of(said, INDEX.observations, INDEX.taxonomy)
    after = search.run(query, person)
    assert len(after.candidates) == 20
    assert [c.observation_uuid for c in after.candidates[:17]] == [c.observation_uuid for c in before.candidates[3:]]
    assert sum(after.counts.values()) == sum(before.counts.values()) - 3
    assert search.run(query) == before
