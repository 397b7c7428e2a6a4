"""An overlay answers as columns would that were built from the changed observations in the first place."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from reverse_search.domain.catalogue import ObservationColumns
from reverse_search.domain.evidence import Identification, evidence, rejections
from reverse_search.domain.lacking import HAS_IDENTIFICATION, IdentificationColumns
from reverse_search.domain.overlay import Change, overlay, row_of
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.domain.words import GENUS_LEVEL, QualityGrade
from tests.domain.trees import taxonomies

N = 8


def uuid_of(row: int) -> bytes:
    return row.to_bytes(16, "big")


def columns_of(histories: list[Change], taxonomy: Taxonomy) -> IdentificationColumns:
    said, denied = [], []
    for row, change in enumerate(histories):
        own, complete = change.taxon_id, change.list_is_complete
        said += [(row, n) for n in evidence(change.identifications, own, taxonomy, list_is_complete=complete)]
        denied += [(row, p) for _, p in rejections(change.identifications, taxonomy)]
    pairs = [np.array(p, dtype=np.int64).reshape(-1, 2) for p in (said, denied)]
    return IdentificationColumns.from_pairs(
        (pairs[0][:, 0], pairs[0][:, 1]), (pairs[1][:, 0], pairs[1][:, 1]), len(histories), taxonomy
    )


def catalogue(histories: list[Change], taxonomy: Taxonomy) -> ObservationColumns:
    return catalogue_of(len(histories), [change.uuid for change in histories])


def catalogue_of(n: int, uuids: Sequence[bytes] | None = None) -> ObservationColumns:
    """Nothing but uuids, by default those of `uuid_of`."""
    blank: dict[str, Any] = {field.name: np.zeros(n, dtype=np.int32) for field in fields(ObservationColumns)}
    stored = [uuid_of(row) for row in range(n)] if uuids is None else uuids
    return ObservationColumns(**blank | {"uuid": np.array([list(u) for u in stored], dtype=np.uint8).reshape(-1, 16)})


def changes_of(taxon_ids: list[int], row: int) -> st.SearchStrategy[Change]:
    taxon = st.sampled_from(taxon_ids)
    said = st.builds(
        Identification, taxon, st.integers(1, 4), st.booleans(), st.booleans(), st.none() | st.booleans(),
        st.none() | taxon,
    )  # fmt: skip
    return st.builds(
        Change,
        st.just(uuid_of(row)),
        st.none() | taxon,
        st.sampled_from(list(QualityGrade)),
        st.just(False),
        st.booleans(),
        st.lists(said, max_size=4).map(tuple),
    )


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_it_answers_as_a_new_build_would(data: st.DataObject) -> None:
    taxonomy = data.draw(taxonomies())
    ids = [int(t) for t in taxonomy.taxon_ids] + [10**9]
    before = [data.draw(changes_of(ids, row)) for row in range(N)]
    changed = data.draw(st.lists(st.integers(0, N - 1), unique=True))
    deleted = set(data.draw(st.lists(st.sampled_from(changed), unique=True))) if changed else set()
    news = [replace(data.draw(changes_of(ids, row)), deleted=row in deleted) for row in changed]
    now = dict(zip(changed, news, strict=True))
    rebuilt = columns_of([now.get(row, before[row]) for row in range(N)], taxonomy)
    stranger = replace(before[0], uuid=uuid_of(10**6))
    base = catalogue(before, taxonomy)
    overlaid, there = overlay(base, columns_of(before, taxonomy), [*news, stranger], taxonomy)
    left = [row for row in range(N) if row not in deleted]
    for node in range(len(taxonomy)):
        kinds = overlaid.kinds(node, taxonomy)
        assert kinds[left].tolist() == rebuilt.kinds(node, taxonomy)[left].tolist()
        assert (kinds[sorted(deleted)] == HAS_IDENTIFICATION).all()
        assert overlaid.rejected(node, taxonomy)[left].tolist() == rebuilt.rejected(node, taxonomy)[left].tolist()
    assert overlaid.is_unknown()[left].tolist() == rebuilt.is_unknown()[left].tolist()
    for level in (GENUS_LEVEL, 70.0):
        coarse = overlaid.is_no_finer_than(level)
        assert coarse[left].tolist() == rebuilt.is_no_finer_than(level)[left].tolist()
        assert not coarse[sorted(deleted)].any()
    assert not overlaid.is_unknown()[sorted(deleted)].any()
    assert there == [now[int(row)] for row in overlaid.rows]


def test_rows_are_found_by_uuid() -> None:
    taxonomy = Taxonomy.from_rows([])
    nothing = [Change(uuid_of(2 * n), None, QualityGrade.CASUAL, False, False, ()) for n in range(5)]
    rows = catalogue(nothing, taxonomy)
    assert [row_of(rows, uuid_of(n)) for n in range(10)] == [0, None, 1, None, 2, None, 3, None, 4, None]
