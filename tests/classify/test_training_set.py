import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.classify.training_set import (
    LabelledPhotos,
    TrainingRules,
    TrainingSet,
    choose_training_set,
    fold_to_leaf_level,
)
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from tests.classify.worlds import strict_taxonomies

RULES = TrainingRules(
    min_photos=4, small_min_photos=2, small_below_taxa=2, max_photos=5, max_photos_per_observation=2, min_exemplars=1
)
Shot = tuple[int, int, int]


def photos_of(observations: list[Shot]) -> LabelledPhotos:
    """Observations as (node, observer, photos)."""
    rows = [(o, who, at, node) for o, (node, who, n) in enumerate(observations) for at in range(n)]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return LabelledPhotos(np.arange(len(rows), dtype=np.int64) + 10, *table.T)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Taxonomy, LabelledPhotos, TrainingRules]:
    taxonomy = draw(strict_taxonomies(odd=True))
    nodes = [-1, *(n for n in range(len(taxonomy)) if taxonomy.rank_levels[n] <= 60)]
    shot = st.tuples(st.sampled_from(nodes), st.integers(1, 3), st.integers(1, 4))
    rules = dataclasses.replace(RULES, min_exemplars=draw(st.integers(1, 3)), max_photos=draw(st.integers(4, 6)))
    return taxonomy, photos_of(draw(st.lists(shot, max_size=14))), rules


World = tuple[Taxonomy, LabelledPhotos, TrainingRules]


def usable_by_node(taxonomy: Taxonomy, photos: LabelledPhotos, rules: TrainingRules) -> dict[int, int]:
    folded = fold_to_leaf_level(photos.nodes, taxonomy)
    usable: dict[int, int] = {}
    for observation in np.unique(photos.observations[folded >= 0]):
        mine = photos.observations == observation
        node = int(folded[mine][0])
        usable[node] = usable.get(node, 0) + min(int(mine.sum()), rules.max_photos_per_observation)
    return usable


@given(worlds())
def test_leaves_are_those_the_rules_name(world: World) -> None:
    taxonomy, photos, rules = world
    usable, chosen = usable_by_node(taxonomy, photos, rules), choose_training_set(photos, taxonomy, rules)
    rich = [n for n, count in usable.items() if taxonomy.rank_levels[n] <= 10 and count >= rules.min_photos]
    assert chosen.profile == ("small" if len(rich) < rules.small_below_taxa else "standard")
    minimum = rules.small_min_photos if chosen.profile == "small" else rules.min_photos
    trained: set[int] = set()
    for node in sorted(range(len(taxonomy)), reverse=True):  # children before parents
        below = range(node, int(taxonomy.leave[node]))
        total = sum(usable.get(n, 0) for n in below)
        if (usable.get(node, 0) if trained & set(below) else total) >= minimum and taxonomy.rank_levels[node] <= 60:
            trained.add(node)
    assert {int(n) for n in chosen.leaves[~chosen.provisional]} == trained
    provisional = {
        n
        for n, count in usable.items()
        if count >= rules.min_exemplars
        and taxonomy.rank_levels[n] <= 20
        and not any(n in taxonomy.lineage(t) for t in trained)
    }
    assert {int(n) for n in chosen.leaves[chosen.provisional]} == provisional
    assert chosen.leaves.tolist() == sorted(trained | provisional)
    for leaf in map(int, chosen.leaves):
        assert taxonomy.active[leaf]
        assert not taxonomy.is_hybrid(leaf)


@given(worlds())
def test_every_photo_lies_below_its_leaf_and_within_the_limits(world: World) -> None:
    taxonomy, photos, rules = world
    chosen = choose_training_set(photos, taxonomy, rules)
    for rows, labels, wants_provisional in (
        (chosen.photo_rows, chosen.labels, False),
        (chosen.imprint_rows, chosen.imprint_labels, True),
    ):
        assert np.all(np.diff(rows) > 0)
        at = np.searchsorted(photos.rows, rows)
        assert photos.rows[at].tolist() == rows.tolist()
        for node, leaf in zip(photos.nodes[at], chosen.leaves[labels], strict=True):
            assert int(leaf) in taxonomy.lineage(int(node))
        assert (chosen.provisional[labels] == wants_provisional).all()
        assert np.bincount(photos.observations[at], minlength=1).max() <= rules.max_photos_per_observation
        assert np.bincount(labels, minlength=1).max() <= rules.max_photos
    assert set(chosen.labels.tolist()) == set(np.flatnonzero(~chosen.provisional).tolist())
    assert set(chosen.imprint_labels.tolist()) == set(np.flatnonzero(chosen.provisional).tolist())


@given(worlds())
def test_distinct_observations_come_first_then_distinct_observers(world: World) -> None:
    taxonomy, photos, rules = world
    chosen = choose_training_set(photos, taxonomy, rules)
    trained = np.where(chosen.provisional, -1, chosen.leaves)
    at = np.searchsorted(photos.rows, chosen.photo_rows)
    for index, leaf in enumerate(trained):
        if leaf < 0:
            continue
        folded = fold_to_leaf_level(photos.nodes, taxonomy)
        mine = (folded >= leaf) & (folded < taxonomy.leave[leaf])
        for finer in trained[(trained > leaf) & (trained < taxonomy.leave[leaf])]:
            mine &= (folded < finer) | (folded >= taxonomy.leave[finer])
        taken = photos.observations[at[chosen.labels == index]].tolist()
        observers = {int(o): int(photos.observers[photos.observations == o][0]) for o in set(photos.observations[mine])}
        could = {o: min(int((photos.observations == o).sum()), rules.max_photos_per_observation) for o in observers}
        assert len(taken) == min(sum(could.values()), rules.max_photos)
        starved = [o for o in observers if taken.count(o) < could[o]]
        for o in starved:
            assert max(map(taken.count, observers)) <= taken.count(o) + 1
        passed_over = {observers[o] for o in observers if o not in taken}
        seen = [observers[o] for o in set(taken)]
        for who in passed_over:
            assert max(map(seen.count, seen)) <= seen.count(who) + 1


@given(worlds())
def test_the_order_of_rows_is_irrelevant(world: World) -> None:
    taxonomy, photos, rules = world
    order = np.random.default_rng(len(photos.rows)).permutation(len(photos.rows))
    shuffled = LabelledPhotos(*(getattr(photos, f.name)[order] for f in dataclasses.fields(photos)))
    one, other = choose_training_set(photos, taxonomy, rules), choose_training_set(shuffled, taxonomy, rules)
    assert one.leaves.tolist() == other.leaves.tolist()
    assert sorted(one.photo_rows.tolist()) == sorted(other.photo_rows.tolist())


TREE = Taxonomy.from_rows(
    [
        TaxonRow(1, (), "kingdom", 70, "K"),
        TaxonRow(2, (1,), "family", 30, "F"),
        TaxonRow(3, (1, 2), "genus", 20, "G"),
        TaxonRow(4, (1, 2, 3), "species", 10, "G a"),
        TaxonRow(5, (1, 2, 3, 4), "subspecies", 5, "G a a"),
        TaxonRow(6, (1, 2, 3), "species", 10, "G b"),
        TaxonRow(7, (1, 2, 3), "hybrid", 10, "G × c"),
        TaxonRow(8, (1, 2, 3), "species", 10, "G old", active=False),
    ]
)
K, F, G, A, AA, B, HYBRID, OLD = (TREE.node(i) for i in range(1, 9))


def chosen_from(*observations: Shot, rules: TrainingRules = RULES) -> TrainingSet:
    return choose_training_set(photos_of(list(observations)), TREE, rules)


def test_subspecies_fold_up_and_hybrids_and_inactive_taxa_stay_out() -> None:
    nodes = np.array([AA, A, G, HYBRID, OLD, -1], dtype=np.int64)
    assert fold_to_leaf_level(nodes, TREE).tolist() == [A, A, G, -1, -1, -1]


@pytest.mark.parametrize(
    ("shots", "trained"),
    [
        ([(A, 1, 1), (B, 2, 1)], [G]),
        ([(A, 1, 2), (B, 2, 1), (G, 3, 1)], [A]),
        ([(A, 1, 2), (B, 2, 1), (G, 3, 2)], [G, A]),
    ],
)
def test_a_parent_is_a_leaf_where_no_child_is_or_its_own_photos_suffice(shots: list[Shot], trained: list[int]) -> None:
    found = chosen_from(*shots)
    assert found.leaves[~found.provisional].tolist() == trained


def test_a_rare_taxon_gets_a_provisional_leaf_and_its_photos_also_train_the_parent() -> None:
    found = chosen_from((A, 1, 1), (B, 2, 1))
    assert found.leaves.tolist() == [G, A, B]
    assert found.provisional.tolist() == [False, True, True]
    assert found.photo_rows.tolist() == found.imprint_rows.tolist() == [10, 11]
    assert found.labels.tolist() == [0, 0]
    assert found.imprint_labels.tolist() == [1, 2]


def test_the_finest_leaf_of_a_verified_node() -> None:
    found = chosen_from((A, 1, 1), (B, 2, 1))
    assert found.leaf_of(np.array([AA, A, G, F, HYBRID, -1], dtype=np.int64), TREE).tolist() == [1, 1, 0, -1, -1, -1]


def test_no_kingdom_is_a_leaf_however_many_photos_it_has() -> None:
    assert chosen_from(*[(K, who, 2) for who in range(9)]).leaves.tolist() == []


@pytest.mark.parametrize(("n", "leaf_count"), [(1, 0), (2, 1)])
def test_the_small_profile_asks_for_less(n: int, leaf_count: int) -> None:
    found = chosen_from((F, 1, n))
    assert (found.profile, len(found.leaves)) == ("small", leaf_count)


def test_nothing_to_train_on() -> None:
    found = chosen_from()
    assert len(found.leaves) == len(found.photo_rows) == len(found.imprint_rows) == 0
    assert found.leaf_of(np.array([A], dtype=np.int64), TREE).tolist() == [-1]
