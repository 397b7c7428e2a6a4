"""The rule of the project: "o lacks X", by its definition and on columns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain import evidence as rule
from reverse_search.domain.evidence import Identification
from reverse_search.domain.lacking import HAS_IDENTIFICATION, KIND_CODES, IdentificationColumns
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.domain.words import Kind
from tests.domain.trees import identifications, taxonomies

History = tuple[list[Identification], int | None, bool]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Taxonomy, list[History]]:
    taxonomy = draw(taxonomies())
    own = st.none() | st.sampled_from([int(t) for t in taxonomy.taxon_ids])
    histories = st.tuples(identifications(taxonomy), own, st.booleans())
    return taxonomy, draw(st.lists(histories, max_size=6))


def columns_of(taxonomy: Taxonomy, histories: list[History]) -> IdentificationColumns:
    said = [
        (row, node)
        for row, (history, own, complete) in enumerate(histories)
        for node in rule.evidence(history, own, taxonomy, list_is_complete=complete)
    ]
    denied = [(row, p) for row, (history, _, _) in enumerate(histories) for _, p in rule.rejections(history, taxonomy)]
    pairs = [tuple(np.array(p, dtype=np.int64).reshape(-1, 2).T) for p in (said, denied)]
    return IdentificationColumns.from_pairs(
        (pairs[0][0], pairs[0][1]), (pairs[1][0], pairs[1][1]), len(histories), taxonomy
    )


@given(worlds())
def test_columns_give_the_same_answer_as_the_definition(world: tuple[Taxonomy, list[History]]) -> None:
    taxonomy, histories = world
    columns = columns_of(taxonomy, histories)
    for taxon in range(len(taxonomy)):
        kinds, rejected = columns.kinds(taxon, taxonomy), columns.rejected(taxon, taxonomy)
        for row, (history, own, complete) in enumerate(histories):
            observed = rule.evidence(history, own, taxonomy, list_is_complete=complete)
            kind = rule.kind_of(observed, taxon, taxonomy)
            assert kinds[row] == (HAS_IDENTIFICATION if kind is None else KIND_CODES[kind])
            assert rejected[row] == rule.rejects(rule.rejections(history, taxonomy), taxon, taxonomy)


@given(worlds())
def test_lacking_is_the_empty_intersection(world: tuple[Taxonomy, list[History]]) -> None:
    taxonomy, histories = world
    for history, own, complete in histories:
        observed = rule.evidence(history, own, taxonomy, list_is_complete=complete)
        for taxon in range(len(taxonomy)):
            subtree = set(range(taxon, int(taxonomy.leave[taxon])))
            assert rule.lacks(observed, taxon, taxonomy) == (not observed & subtree)
            assert (rule.kind_of(observed, taxon, taxonomy) is None) == bool(observed & subtree)


@given(worlds())
def test_lacking_a_taxon_means_lacking_all_below_it(world: tuple[Taxonomy, list[History]]) -> None:
    taxonomy, histories = world
    for history, own, complete in histories:
        observed = rule.evidence(history, own, taxonomy, list_is_complete=complete)
        for taxon in range(len(taxonomy)):
            if rule.lacks(observed, taxon, taxonomy):
                below = range(taxon, int(taxonomy.leave[taxon]))
                assert all(rule.lacks(observed, n, taxonomy) for n in below)


TREE = Taxonomy.from_rows(
    [
        TaxonRow(48460, (), "stateofmatter", 100, "Life"),
        TaxonRow(1, (48460,), "kingdom", 70, "Plantae"),
        TaxonRow(2, (48460, 1), "family", 30, "Proteaceae"),
        TaxonRow(3, (48460, 1, 2), "genus", 20, "Protea"),
        TaxonRow(4, (48460, 1, 2, 3), "species", 10, "Protea repens"),
        TaxonRow(5, (48460, 1, 2, 3, 4), "subspecies", 5, "Protea repens repens"),
        TaxonRow(6, (48460, 1, 2, 3), "hybrid", 10, "Protea × nova"),
        TaxonRow(7, (48460, 1, 2), "genus", 20, "Banksia"),
    ]
)
LIFE, PLANTS, PROTEACEAE, PROTEA, REPENS, SUBSPECIES, HYBRID, BANKSIA = (
    TREE.node(t) for t in (48460, 1, 2, 3, 4, 5, 6, 7)
)


def kind(*identifications: Identification, own: int | None = None, taxon: int = REPENS) -> Kind | None:
    return rule.kind_of(rule.evidence(identifications, own, TREE), taxon, TREE)


def test_a_subspecies_satisfies_its_species() -> None:
    assert kind(Identification(5, 1)) is None


def test_a_hybrid_satisfies_only_what_it_sits_under() -> None:
    assert kind(Identification(6, 1), taxon=PROTEA) is None
    assert kind(Identification(6, 1), taxon=REPENS) is Kind.CONFLICTING


def test_life_says_nothing() -> None:
    assert kind(Identification(48460, 1)) is Kind.UNKNOWN
    assert kind(Identification(48460, 1), Identification(2, 2)) is Kind.COARSE


def test_mavericks_count_and_withdrawn_ones_do_not() -> None:
    assert kind(Identification(3, 1), Identification(7, 2)) is Kind.CONFLICTING
    assert kind(Identification(3, 1), Identification(7, 2, current=False)) is Kind.COARSE
    assert kind(Identification(4, 1, hidden=True)) is Kind.UNKNOWN


def test_the_own_taxon_counts_unless_a_complete_list_no_longer_yields_it() -> None:
    assert kind(own=4) is None
    fresh = rule.evidence([Identification(7, 1)], 4, TREE, list_is_complete=True)
    assert rule.kind_of(fresh, REPENS, TREE) is Kind.CONFLICTING


def test_a_disagreement_rejects_the_subtree_it_denies_and_nothing_between() -> None:
    denial = [Identification(2, 1, disagreement=True, previous_taxon_id=4)]
    denied = rule.rejections(denial, TREE)
    assert rule.rejects(denied, REPENS, TREE)
    assert rule.rejects(denied, SUBSPECIES, TREE)
    assert not rule.rejects(denied, PROTEA, TREE), "between what was given and what was denied: disputed, not rejected"
    assert not rule.rejects(
        rule.rejections([Identification(2, 1, disagreement=None, previous_taxon_id=4)], TREE), REPENS, TREE
    )


def test_pools_by_how_fine_the_evidence_is() -> None:
    histories: list[History] = [
        ([], None, False),
        ([Identification(1, 1)], None, False),
        ([Identification(4, 1)], 1, False),
    ]
    columns = columns_of(TREE, histories)
    assert columns.is_unknown().tolist() == [True, False, False]
    assert columns.is_no_finer_than(30).tolist() == [False, True, False]
    assert columns.is_no_finer_than(10).tolist() == [False, True, True]
