import numpy as np
import pytest

from reverse_search.classify.postings import Postings
from reverse_search.classify.similarity import greatest
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow


@pytest.mark.parametrize(("n", "m", "k"), [(7, 40, 12), (3, 12, 12), (5, 4, 12), (4, 0, 12), (0, 9, 3)])
def test_the_greatest_of_each_row_in_order(n: int, m: int, k: int) -> None:
    values = np.random.default_rng(n * m).standard_normal((n, m)).astype(np.float32)
    found, columns = greatest(values, k)
    np.testing.assert_array_equal(found, -np.sort(-values, axis=1)[:, :k])
    np.testing.assert_array_equal(np.take_along_axis(values, columns, axis=1), found)
    assert columns.dtype == np.int64


def test_between_main_ranks_the_sums_are_sorted_and_each_row_stands_once() -> None:
    """A subfamily is several genera: its postings are theirs together."""
    taxonomy = Taxonomy.from_rows(
        [
            TaxonRow(1, (), "family", 30, "F"),
            TaxonRow(2, (1,), "subfamily", 27, "S"),
            TaxonRow(3, (1, 2), "genus", 20, "G"),
            TaxonRow(4, (1, 2), "genus", 20, "H"),
        ]
    )
    genus_level = 6
    postings = Postings(
        np.full(4, genus_level, dtype=np.int8),
        np.array([2, 2, 3, 3], dtype=np.int32),
        np.array([7, 5, 9, 5], dtype=np.int32),
        np.array([0.5, 0.3, 0.6, 0.4], dtype=np.float32),
    )
    rows, probabilities = postings.best(1, taxonomy)
    assert rows.tolist() == [5, 9, 7]
    np.testing.assert_allclose(probabilities, [0.7, 0.6, 0.5], rtol=1e-6)
