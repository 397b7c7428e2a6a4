from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.errors import CorruptFile
from reverse_search.generation.taxonomy import load_taxonomy, save_taxonomy
from tests.domain.test_lacking import TREE
from tests.domain.trees import taxonomies


@given(taxonomies(), st.data())
def test_what_is_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, taxonomy: Taxonomy, data: st.DataObject
) -> None:
    n = len(taxonomy)
    parts = st.lists(st.sampled_from(taxonomy.taxon_ids.tolist()), min_size=1, max_size=3).map(tuple)
    taxonomy = replace(
        taxonomy,
        names=data.draw(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=n, max_size=n)),
        active=data.draw(st.lists(st.booleans(), min_size=n, max_size=n)),
        successors=data.draw(st.dictionaries(st.sampled_from(taxonomy.taxon_ids.tolist()), parts, max_size=3)),
    )
    folder = tmp_path_factory.mktemp("taxonomy")
    save_taxonomy(folder, taxonomy)
    loaded = load_taxonomy(folder)
    for name in ("taxon_ids", "parents", "leave", "rank_levels"):
        found, expected = getattr(loaded, name), getattr(taxonomy, name)
        assert found.dtype == expected.dtype
        assert found.tolist() == expected.tolist()
    assert (list(loaded.ranks), list(loaded.names)) == (list(taxonomy.ranks), list(taxonomy.names))
    assert list(loaded.active) == list(taxonomy.active)
    assert loaded.successors == taxonomy.successors
    for taxon_id in map(int, taxonomy.taxon_ids):
        assert loaded.resolve(taxon_id) == taxonomy.resolve(taxon_id)


def test_an_empty_tree(tmp_path: Path) -> None:
    save_taxonomy(tmp_path, Taxonomy.from_rows(list[TaxonRow]()))
    assert len(load_taxonomy(tmp_path)) == 0


@pytest.mark.parametrize("text", ["", "{", "\x00"])
def test_an_unreadable_page_is_corrupt(tmp_path: Path, text: str) -> None:
    save_taxonomy(tmp_path, TREE)
    (tmp_path / "text.json").write_text(text, encoding="utf-8")
    with pytest.raises(CorruptFile, match=r"text\.json"):
        load_taxonomy(tmp_path)


@pytest.mark.parametrize("name", ["text.json", "parents.npy"])
def test_a_missing_file_is_corrupt(tmp_path: Path, name: str) -> None:
    save_taxonomy(tmp_path, TREE)
    (tmp_path / name).unlink()
    with pytest.raises(CorruptFile, match=name):
        load_taxonomy(tmp_path)


@pytest.mark.parametrize("page", ["{}", "[]", '{"names": [], "ranks": [], "successors": {}}'])
def test_a_page_of_another_shape_is_corrupt(tmp_path: Path, page: str) -> None:
    save_taxonomy(tmp_path, TREE)
    (tmp_path / "text.json").write_text(page, encoding="utf-8")
    with pytest.raises(CorruptFile):
        load_taxonomy(tmp_path)
