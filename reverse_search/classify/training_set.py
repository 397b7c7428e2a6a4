"""Which photos train the head, and which taxa become its leaves: the rules of the platform's own model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import BoolArray, IntArray
from reverse_search.domain.taxonomy import NO_TAXON, Taxonomy
from reverse_search.domain.words import GENUS_LEVEL, SPECIES_LEVEL


@dataclass(frozen=True, slots=True)
class TrainingRules:
    """Thresholds of the training set. Where too few taxa reach `min_photos`, the small profile's apply.

    Attributes:
        min_photos: a taxon with fewer is no trained leaf.
        small_min_photos: the same in the profile `small`.
        small_below_taxa: the profile `small` applies where fewer taxa than this reach `min_photos`.
        max_photos: per taxon.
        max_photos_per_observation: of one observation.
        min_exemplars: a taxon with fewer photos gets no provisional leaf either.
    """

    min_photos: int = 100
    small_min_photos: int = 20
    small_below_taxa: int = 50
    max_photos: int = 1000
    max_photos_per_observation: int = 5
    min_exemplars: int = 3


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What to train on.

    Attributes:
        leaves: (n_leaves,) int64 ascending nodes.
        provisional: (n_leaves,) bool, true for imprinted leaves.
        photo_rows: (n,) int64 rows of the photos that train, ascending.
        labels: (n,) int64, index into `leaves`, always a trained leaf.
        imprint_rows: (m,) int64 rows of the photos that imprint, ascending. Where a taxon is too rare to train, its
            photos may imprint its own provisional leaf and also train that of an ancestor.
        imprint_labels: (m,) int64, index into `leaves`, always a provisional leaf.
        profile: "standard" or "small".
    """

    leaves: IntArray
    provisional: BoolArray
    photo_rows: IntArray
    labels: IntArray
    imprint_rows: IntArray
    imprint_labels: IntArray
    profile: str

    def leaf_of(self, nodes: IntArray, taxonomy: Taxonomy) -> IntArray:
        """Index of the finest leaf at or above each verified node, -1 where there is none: (n,) → (n,) int64."""
        return _finest_leaf(fold_to_leaf_level(nodes, taxonomy), self.leaves, taxonomy)


@dataclass(frozen=True, eq=False)
class LabelledPhotos:
    """Photos of verified observations, all (n,) int64 and aligned.

    Attributes:
        rows: photo rows.
        observations: observation rows.
        observers: observer ids.
        positions: position of the photo in its observation.
        nodes: node that the observation is verified as.
    """

    rows: IntArray
    observations: IntArray
    observers: IntArray
    positions: IntArray
    nodes: IntArray


def choose_training_set(photos: LabelledPhotos, taxonomy: Taxonomy, rules: TrainingRules) -> TrainingSet:
    """Apply the rules: fold subspecies up, choose leaves, then photos of each leaf, distinct observations first."""
    folded = fold_to_leaf_level(photos.nodes, taxonomy)
    counts = _count_photos(folded, photos, rules)
    profile, minimum = _profile(counts, rules, taxonomy)
    trained = _trained_leaves(counts, minimum, taxonomy)
    provisional = _provisional_leaves(counts, trained, taxonomy, rules)
    leaves = np.array(sorted({*trained, *provisional}), dtype=np.int64)
    trained_label = _finest_leaf(
        folded, leaves, taxonomy, np.array([int(n) in trained for n in leaves], dtype=np.bool_)
    )
    own = np.minimum(np.searchsorted(leaves, folded), max(len(leaves) - 1, 0))
    imprint_label = np.full(len(folded), -1, dtype=np.int64)
    if len(leaves):
        is_own = (leaves[own] == folded) & np.array([int(n) in provisional for n in folded], dtype=np.bool_)
        imprint_label[is_own] = own[is_own]
    trains, imprints = (_choose_photos(photos, label, rules) for label in (trained_label, imprint_label))
    return TrainingSet(
        leaves=leaves,
        provisional=np.array([int(node) not in trained for node in leaves], dtype=np.bool_),
        photo_rows=photos.rows[trains],
        labels=trained_label[trains],
        imprint_rows=photos.rows[imprints],
        imprint_labels=imprint_label[imprints],
        profile=profile,
    )


def _finest_leaf(nodes: IntArray, leaves: IntArray, taxonomy: Taxonomy, allowed: BoolArray | None = None) -> IntArray:
    leaf_of = {int(node): i for i, node in enumerate(leaves) if allowed is None or allowed[i]}
    finest = {
        int(node): next((leaf_of[a] for a in reversed(taxonomy.lineage(int(node))) if a in leaf_of), -1)
        for node in np.unique(nodes)
    }
    return np.array([finest[int(node)] for node in nodes], dtype=np.int64)


def fold_to_leaf_level(nodes: IntArray, taxonomy: Taxonomy) -> IntArray:
    """Species for anything below species; hybrids, inactive taxa and unknown ones become -1."""
    folded = {int(node): _fold(int(node), taxonomy) for node in np.unique(nodes)}
    return np.array([folded[int(node)] for node in nodes], dtype=np.int64)


def _fold(node: int, taxonomy: Taxonomy) -> int:
    if node < 0 or not taxonomy.active[node] or taxonomy.is_hybrid(node):
        return NO_TAXON
    while taxonomy.rank_levels[node] < SPECIES_LEVEL:
        node = int(taxonomy.parents[node])
        if node < 0 or taxonomy.is_hybrid(node) or not taxonomy.active[node]:
            return NO_TAXON
    return node


def _count_photos(folded: IntArray, photos: LabelledPhotos, rules: TrainingRules) -> Mapping[int, int]:
    """Photos a taxon could train on, after the limit an observation."""
    known = folded >= 0
    _, first, per_observation = np.unique(photos.observations[known], return_index=True, return_counts=True)
    usable = np.minimum(per_observation, rules.max_photos_per_observation)
    counts: dict[int, int] = {}
    for node, n in zip(folded[known][first], usable, strict=True):
        counts[int(node)] = counts.get(int(node), 0) + int(n)
    return counts


def _profile(counts: Mapping[int, int], rules: TrainingRules, taxonomy: Taxonomy) -> tuple[str, int]:
    species = [n for node, n in counts.items() if taxonomy.rank_levels[node] <= SPECIES_LEVEL]
    if sum(n >= rules.min_photos for n in species) < rules.small_below_taxa:
        return "small", rules.small_min_photos
    return "standard", rules.min_photos


def _trained_leaves(counts: Mapping[int, int], minimum: int, taxonomy: Taxonomy) -> set[int]:
    """Finest first: a taxon is a leaf if its photos, and those of descendants that are no leaves, reach the minimum.

    A taxon with finer leaves below it becomes one as well where enough was verified as it and no finer. Without such
    a leaf, what people could only bring to family is forced into one of its genera (measured: see the README).
    """
    pending = dict(counts)
    leaves: set[int] = set()
    covered: set[int] = set()
    for level in sorted({float(taxonomy.rank_levels[n]) for n in _with_ancestors(counts, taxonomy)}):
        for node in [n for n in pending if taxonomy.rank_levels[n] == level]:
            # A covered taxon keeps only what people brought no further than itself: its finer leaves have the rest.
            photos = counts.get(node, 0) if node in covered else pending[node]
            if photos >= minimum and level <= MAX_LEAF_LEVEL and taxonomy.active[node]:
                leaves.add(node)
                covered.update(taxonomy.lineage(node)[:-1])
            elif node not in covered:
                parent = int(taxonomy.parents[node])
                if parent >= 0 and taxonomy.rank_levels[parent] <= MAX_LEAF_LEVEL:
                    pending[parent] = pending.get(parent, 0) + pending[node]
    return leaves


MAX_LEAF_LEVEL = 60.0
"""Nothing above phylum is a leaf: "it is an animal" trains no one."""


def _with_ancestors(counts: Mapping[int, int], taxonomy: Taxonomy) -> set[int]:
    return {a for node in counts for a in taxonomy.lineage(node)}


def _provisional_leaves(
    counts: Mapping[int, int], trained: set[int], taxonomy: Taxonomy, rules: TrainingRules
) -> set[int]:
    """Taxa with a handful of photos, at genus or finer, that no trained leaf stands for already."""
    above_trained = {a for leaf in trained for a in taxonomy.lineage(leaf)}
    return {
        node
        for node, n in counts.items()
        if n >= rules.min_exemplars and node not in above_trained and taxonomy.rank_levels[node] <= GENUS_LEVEL
    }


def _choose_photos(photos: LabelledPhotos, labels: IntArray, rules: TrainingRules) -> IntArray:
    """Indices of the photos that train, ascending: round-robin, distinct observers, then observations, come first."""
    if not len(photos.rows):
        return np.zeros(0, dtype=np.int64)
    turn = _turn_within(photos.observations, photos.positions)
    firsts = np.flatnonzero(turn == 0)
    firsts = firsts[np.argsort(photos.observations[firsts], kind="stable")]  # one an observation, as np.unique sorts
    _, pair = np.unique(np.column_stack([photos.observers[firsts], labels[firsts]]), axis=0, return_inverse=True)
    _, observation = np.unique(photos.observations, return_inverse=True)
    observer_turn = _turn_within(pair.ravel(), photos.observations[firsts])[observation]
    order = np.lexsort((photos.rows, observer_turn, turn, labels))
    order = order[(labels[order] >= 0) & (turn[order] < rules.max_photos_per_observation)]
    rank_in_leaf = np.arange(len(order)) - np.searchsorted(labels[order], labels[order])
    return np.sort(order[rank_in_leaf < rules.max_photos])


def _turn_within(groups: IntArray, tie_break: IntArray) -> IntArray:
    """0 for the first of each group (by tie_break), then 1, and so on."""
    order = np.lexsort((tie_break, groups))
    starts = np.searchsorted(groups[order], groups[order])
    turn = np.empty(len(groups), dtype=np.int64)
    turn[order] = np.arange(len(groups)) - starts
    return turn
