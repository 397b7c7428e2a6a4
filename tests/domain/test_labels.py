from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain.evidence import Identification
from reverse_search.domain.folds import fold_of
from reverse_search.domain.labels import community_taxon, verified_label
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.domain.words import QualityGrade
from tests.domain.test_lacking import BANKSIA, PROTEA, PROTEACEAE, REPENS, TREE
from tests.domain.trees import identifications, taxonomies


def at(*taxon_ids: int) -> list[Identification]:
    return [Identification(taxon_id, user) for user, taxon_id in enumerate(taxon_ids)]


def test_two_agreeing_make_a_community_taxon() -> None:
    assert community_taxon(at(4, 4), TREE) == REPENS
    assert community_taxon(at(4), TREE) == -1


def test_more_than_two_thirds_are_needed() -> None:
    assert community_taxon(at(4, 4, 7), TREE) == PROTEACEAE
    assert community_taxon(at(4, 4, 4, 7), TREE) == REPENS


def test_a_coarser_identification_does_not_count_against_unless_it_denies() -> None:
    assert community_taxon(at(4, 4, 2), TREE) == REPENS
    denying = [*at(4, 4), Identification(2, 9, disagreement=True, previous_taxon_id=4)]
    assert community_taxon(denying, TREE) == PROTEA


def test_different_species_of_one_genus_meet_at_the_genus() -> None:
    assert community_taxon(at(4, 6), TREE) == PROTEA


def test_withdrawn_and_hidden_identifications_do_not_vote() -> None:
    votes = [*at(7), Identification(4, 2, current=False), Identification(4, 3, hidden=True), Identification(7, 4)]
    assert community_taxon(votes, TREE) == BANKSIA


def test_research_grade_is_verified_without_a_list() -> None:
    assert verified_label([], 4, QualityGrade.RESEARCH, TREE) == REPENS
    assert verified_label([], 4, QualityGrade.NEEDS_ID, TREE) == -1
    assert verified_label(at(48460, 48460), None, QualityGrade.NEEDS_ID, TREE) == -1


@given(st.data())
def test_a_community_taxon_has_two_supporters_below_it(data: st.DataObject) -> None:
    taxonomy: Taxonomy = data.draw(taxonomies())
    votes = data.draw(identifications(taxonomy))
    node = community_taxon(votes, taxonomy)
    if node >= 0:
        supporting = [v for v in votes if v.counts and taxonomy.contains(node, taxonomy.resolve(v.taxon_id))]
        assert len(supporting) >= 2


def test_folds_are_stable_and_even() -> None:
    folds = [fold_of(observer, 5) for observer in range(2000)]
    assert folds[:8] == [fold_of(observer, 5) for observer in range(8)]
    assert all(300 < folds.count(k) < 500 for k in range(5))
    assert [fold_of(o, 5, "a") for o in range(50)] != [fold_of(o, 5, "b") for o in range(50)]
