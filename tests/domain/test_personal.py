"""What one person has put aside, against a plain reading of the rule."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain.overlay import row_of, rows_of
from reverse_search.domain.personal import Mark, PersonalMarks
from tests.domain.test_overlay import N, catalogue_of, uuid_of
from tests.domain.trees import taxonomies


@given(data=st.data())
def test_hidden_is_what_was_reviewed_or_refused_above(data: st.DataObject) -> None:
    taxonomy = data.draw(taxonomies())
    taxon_ids = taxonomy.taxon_ids.tolist()
    marks = data.draw(
        st.lists(st.builds(Mark, st.integers(0, N + 2).map(uuid_of), st.none() | st.sampled_from([*taxon_ids, 10**9])))
    )
    found = PersonalMarks.of(marks, catalogue_of(N), taxonomy)
    for taxon in range(len(taxon_ids)):
        lineage = {int(taxonomy.taxon_ids[node]) for node in taxonomy.lineage(taxon)}
        done = {m.uuid for m in marks if m.refused_taxon_id is None or m.refused_taxon_id in lineage}
        assert found.hidden(taxon, taxonomy, N).tolist() == [uuid_of(row) in done for row in range(N)]


@given(
    st.lists(
        st.binary(min_size=16, max_size=16) | st.integers(0, 40).map(lambda n: bytes(7) + bytes([1]) + uuid_of(n)[8:])
    )
)
def test_rows_are_found_as_one_by_one(uuids: list[bytes]) -> None:
    """Also where many share the first half."""
    stored = sorted({*uuids[::2], *(bytes(7) + bytes([1]) + uuid_of(n)[8:] for n in range(0, 40, 3))})
    observations = catalogue_of(len(stored), stored)
    expected = [-1 if (row := row_of(observations, uuid)) is None else row for uuid in uuids]
    assert rows_of(observations, uuids).tolist() == expected


def test_nothing_is_found_in_an_empty_catalogue() -> None:
    assert rows_of(catalogue_of(0), [uuid_of(3)]).tolist() == [-1]
    assert rows_of(catalogue_of(3), []).tolist() == []
    assert rows_of(catalogue_of(3), []).dtype == np.int32
