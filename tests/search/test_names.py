from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.search.names import TaxonNames, fold
from tests.search.made_index import TAXONOMY

NAMES = TaxonNames(TAXONOMY)


def found(typed: str, names: TaxonNames = NAMES, limit: int = 12) -> list[str]:
    return [match.name for match in names.find(typed, limit)]


def test_the_beginning_of_a_name_or_of_a_word_is_enough() -> None:
    assert found("pum") == ["Puma", "Puma concolor", "Puma yagouaroundi"]
    assert found("CONC") == ["Puma concolor"]
    assert found("puma c") == ["Puma concolor"]
    assert found("uma") == []


def test_a_whole_name_comes_first_and_coarse_ranks_before_fine_ones() -> None:
    assert found("vulpes") == ["Vulpes", "Vulpes vulpes"]
    assert found("h") == ["Hominidae", "Homo", "Homo sapiens"]


def test_a_number_is_a_taxon_id() -> None:
    assert found("22") == ["Puma concolor"]
    assert found("9" * 30) == []


def test_what_a_match_says() -> None:
    (match,) = NAMES.find("Felidae")
    assert (match.taxon_id, match.rank, match.parent) == (20, "family", "Mammalia")


def test_diacritics_and_the_hybrid_sign_need_not_be_typed() -> None:
    rows = [
        TaxonRow(1, (), "genus", 20, "Sälix"),
        TaxonRow(2, (1,), "hybrid", 10, "Sälix × fragilis"),
        TaxonRow(3, (1,), "species", 10, "Salix old", active=False),
    ]
    names = TaxonNames(Taxonomy.from_rows(rows))
    assert found("salix", names) == ["Sälix", "Sälix × fragilis"]
    assert found("SÄLIX FRA", names) == ["Sälix × fragilis"]
    assert found("× frag", names) == ["Sälix × fragilis"]


@given(st.text(max_size=12), st.integers(1, 20))
def test_what_is_found_begins_so_and_is_no_more_than_asked(typed: str, limit: int) -> None:
    matches = NAMES.find(typed, limit)
    assert len(matches) <= limit
    for match in matches:
        assert (
            str(match.taxon_id) == typed.strip() or f" {fold(typed)}" in f" {fold(match.name)}" or not typed.isascii()
        )


@given(st.sampled_from(list(TAXONOMY.names)), st.data())
def test_every_beginning_of_every_name_finds_it(name: str, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, len(name)))
    assert name in found(name[:length], limit=100)
