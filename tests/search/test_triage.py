import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.errors import BadRequest
from reverse_search.search.triage import SUGGESTED, TRAYS, Triage, TriageQuery
from tests.search.made_index import make_index

TRIAGE = Triage(make_index())


@given(
    st.sampled_from(["unknown", "coarse:class", "coarse:genus"]),
    st.sampled_from([None, *TRAYS]),
    st.integers(0, 40),
    st.integers(0, 60),
)
def test_a_page_is_a_slice_of_its_tray(pool: str, tray: str | None, offset: int, limit: int) -> None:
    whole = TRIAGE.run(TriageQuery.parse(pool))
    listed = [e for e in whole.entries if tray is None or (e.abstain_reason or SUGGESTED) == tray]
    page = TRIAGE.run(TriageQuery.parse(pool, limit=limit, offset=offset, tray=tray))
    assert list(page.entries) == listed[offset : offset + limit]
    assert page.counts == whole.counts
    assert page.pool_size == whole.pool_size == sum(whole.counts.values()) == len(whole.entries)


def test_trays_come_in_order_of_precedence() -> None:
    counts = list(TRIAGE.run(TriageQuery.parse("unknown")).counts)
    assert counts == [tray for tray in TRAYS if tray in counts]
    assert counts[0] == SUGGESTED


def test_an_unknown_tray_is_refused() -> None:
    with pytest.raises(BadRequest, match="no tray is called 'nix'; use one of suggested, no_photo"):
        TriageQuery.parse("unknown", tray="nix")
