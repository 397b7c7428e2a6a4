from typing import cast

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.collect import MAX_EXEMPLARS, CollectedIndex, choose_exemplars, collect
from reverse_search.domain.catalogue import HAS_PHOTO, NO_PHOTO, UNREADABLE_PHOTO, ObservationColumns, PhotoColumns
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.domain.words import LICENSES, License
from reverse_search.geo.iconic import ICONIC_TAXA, iconic_of_nodes
from reverse_search.search.ports import VectorSearch
from reverse_search.store import columns as stored
from tests.domain.test_lacking import TREE
from tests.domain.trees import taxonomies

Shot = tuple[int, int, int]


def catalogue(shots: list[Shot]) -> tuple[ObservationColumns, PhotoColumns]:
    """Observations as (label, observer, photos)."""
    n = len(shots)
    table = np.array(shots, dtype=np.int64).reshape(-1, 3)
    counts, zeros = table[:, 2], np.zeros(n, dtype=np.int32)
    observations = ObservationColumns(
        np.zeros((n, 16), np.uint8), zeros.astype(np.int64), table[:, 1], zeros, zeros, zeros, zeros.astype(float),
        zeros.astype(float), zeros, zeros, zeros, zeros, table[:, 0].astype(np.int32), zeros, zeros,
        np.cumsum(counts) - counts, counts.astype(np.int32), zeros, zeros,
    )  # fmt: skip
    rows = np.arange(counts.sum(), dtype=np.int64)
    return observations, PhotoColumns(rows, np.repeat(np.arange(n), counts).astype(np.int32), rows, rows)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Taxonomy, list[Shot]]:
    taxonomy = draw(taxonomies())
    count = st.integers(0, 3) | st.sampled_from([200, 300])
    shot = st.tuples(st.integers(-1, len(taxonomy) - 1), st.integers(1, 4), count)
    return taxonomy, draw(st.lists(shot, max_size=10))


@given(worlds())
def test_exemplars_are_verified_photos_below_their_node(world: tuple[Taxonomy, list[Shot]]) -> None:
    taxonomy, shots = world
    observations, photos = catalogue(shots)
    found = choose_exemplars(observations, photos, taxonomy)
    labels = observations.label[photos.observation]
    assert found.nodes.tolist() == sorted({a for n in labels if n >= 0 for a in taxonomy.lineage(int(n))})
    for node in range(len(taxonomy)):
        rows = found.of(node)
        below = np.flatnonzero((labels >= node) & (labels < taxonomy.leave[node]))
        assert set(rows.tolist()) <= set(below.tolist())
        assert len(set(rows.tolist())) == len(rows) == min(len(below), MAX_EXEMPLARS)


@given(st.lists(st.tuples(st.just(4), st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=10))
def test_observers_take_turns(shots: list[Shot]) -> None:
    observations, photos = catalogue(shots)
    chosen = choose_exemplars(observations, photos, TREE).of(4)
    observers = observations.observer_id[photos.observation[chosen]].tolist()
    turns = [observers[:i].count(who) for i, who in enumerate(observers)]
    assert turns == sorted(turns), "nobody's second photo before everybody's first"


def test_child_taxa_take_turns_however_many_photos_one_has() -> None:
    genus, species, other = TREE.node(3), TREE.node(4), TREE.node(7)
    shots = [(species, 1, 400), (other, 2, 5), (genus, 3, 1)]
    observations, photos = catalogue(shots)
    found = choose_exemplars(observations, photos, TREE)
    labels = observations.label[photos.observation]
    assert labels[found.of(genus)][:3].tolist() == [genus, species, species]
    family = labels[found.of(TREE.node(2))].tolist()
    assert len(family) == MAX_EXEMPLARS
    assert family.count(other) == 5
    assert set(family[:2]) == {genus, other}


def snapshot() -> stored.SnapshotColumns:
    """Six observations: two photos shared, unreadable, none, own taxon, complete list, community of two."""
    n = 6
    minus, days = np.full(n, -1, dtype=np.int8), np.zeros(n, dtype=np.int32)
    observations = stored.ObservationColumns(
        np.arange(n, dtype=np.int64), np.zeros((n, 16), np.uint8), np.arange(n, dtype=np.int64),
        np.array([1, 2, 3, 4, 5, 6]), np.array([4, -1, -1, 3, 4, -1]), np.array([2, 1, 1, 1, 1, 1], np.int8),
        np.array([0, -1, -1, -1, -1, 1], np.int8), np.full(n, 10.0), np.full(n, 20.0), np.full(n, -1, np.int32),
        minus, days, days + 7, np.array([False, False, False, False, True, False]),
    )  # fmt: skip
    photo_ids = np.array([50, 51, 50, 52, 53, 54], dtype=np.int64)
    p = len(photo_ids)
    photos = stored.PhotoColumns(
        photo_ids, np.array([0, 0, 1, 2, 4, 5]), np.zeros(p, np.int32), np.zeros(p, np.int32),
        np.array([0, 0, 0, 2, 1, 0], np.int8), np.array([1, 0, 2, 3, 0, 1], np.int16), np.zeros(p, np.int16),
        ("", "CC-BY-NC", "CC0", "MIT"), ("jpg",),
    )  # fmt: skip
    rows = np.array([4, 4, 5, 5, 5], dtype=np.int64)
    said = stored.IdentificationColumns(
        np.arange(5), rows, np.array([1, 2, 1, 2, 3]), np.array([7, 3, 5, 4, 7]),
        np.array([True, True, True, True, False]), np.array([False, True, False, False, False]),
        np.array([1, 1, -1, -1, -1], np.int8), np.array([4, 4, -1, -1, -1]), np.zeros(5, np.int32),
    )  # fmt: skip
    taxa = [
        TaxonRow(int(t), tuple(int(TREE.taxon_ids[a]) for a in TREE.lineage(i)[:-1]), TREE.ranks[i],
                 float(TREE.rank_levels[i]), TREE.names[i])
        for i, t in enumerate(TREE.taxon_ids)
    ]  # fmt: skip
    return stored.SnapshotColumns(observations, photos, said, taxa, np.array([5]), 9)


def collected(embedded: list[int]) -> CollectedIndex:
    return collect(snapshot(), np.array(embedded, dtype=np.int64), cast(VectorSearch, None))


def test_a_photo_in_two_observations_has_two_rows_and_one_vector() -> None:
    photos = collected([51, 50, 54, 50]).photos
    assert photos.photo_id.tolist() == [50, 51, 50, 54]
    assert photos.observation.tolist() == [0, 0, 1, 5]
    assert photos.vector_row.tolist() == [3, 0, 3, 2], "of several vectors the last counts"
    assert sorted(photos.with_vectors(np.array([3])).tolist()) == [0, 2]


def test_unreadable_is_not_the_same_as_none() -> None:
    found = collected([51, 50, 54]).observations
    states = [HAS_PHOTO, HAS_PHOTO, UNREADABLE_PHOTO, NO_PHOTO, NO_PHOTO, HAS_PHOTO]
    assert found.photo_state.tolist() == states
    assert found.photo_count.tolist() == [2, 1, 0, 0, 0, 1]
    assert found.first_photo.tolist() == [0, 2, 3, 3, 3, 3]
    assert found.touched.tolist() == [0, 0, 0, 0, 0, 1]


def test_labels_by_research_grade_and_by_community() -> None:
    tree = collected([]).taxonomy
    assert collected([]).observations.label.tolist() == [tree.node(4), -1, -1, -1, -1, tree.node(4)]


def test_evidence_is_the_standing_list_and_the_own_taxon_unless_the_list_is_complete() -> None:
    index = collected([])
    said = index.identifications
    pairs = {(int(o), int(index.taxonomy.taxon_ids[n])) for o, n in zip(said.observations, said.nodes, strict=True)}
    assert pairs == {(0, 4), (3, 3), (4, 7), (5, 5), (5, 4)}
    assert said.denied.tolist() == [index.taxonomy.node(4)]
    assert said.denied_observations.tolist() == [4], "the hidden disagreement denies nothing"


def test_columns_of_filters() -> None:
    found = collected([]).observations
    licenses = [LICENSES[code] for code in found.license]
    assert licenses == [License.CC_BY_NC, License.CC0, License.OTHER, License.NONE, License.NONE, License.CC_BY_NC]
    assert found.created_day.tolist() == [7] * 6
    genus = TREE.node(3)
    assert found.iconic.tolist() == [genus, -1, -1, genus, genus, -1], "3 is the number of an iconic taxon"
    assert [column.dtype.name for column in (found.license, found.created_day, found.iconic)] == [
        "int8",
        "int32",
        "int32",
    ]


@given(taxonomies(more_ids=tuple(ICONIC_TAXA)))
def test_the_finest_iconic_taxon_above(taxonomy: Taxonomy) -> None:
    found = iconic_of_nodes(taxonomy).tolist()
    for node in range(len(taxonomy)):
        iconic = [n for n in taxonomy.lineage(node) if int(taxonomy.taxon_ids[n]) in ICONIC_TAXA]
        assert found[node] == (iconic[-1] if iconic else -1)
    assert found[-1] == -1


def test_captive_records_are_no_presence() -> None:
    presence = collected([]).presence
    assert presence.nodes.tolist() == [TREE.node(4)]
    assert presence.observers.tolist() == [1]


def test_exemplars_are_of_embedded_verified_photos() -> None:
    index = collected([50, 54])
    assert sorted(index.photos.photo_id[index.exemplars.of(TREE.node(4))].tolist()) == [50, 54]
    assert len(collected([]).exemplars.photos) == 0
