"""An invented tree: ten classes, one of which holds most leaves, with an order and a family of many leaves in it."""

from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import IntArray
from reverse_search.domain.taxonomy import Taxonomy, TaxonRow
from reverse_search.domain.words import LIFE_TAXON_ID, RANK_LEVELS

MOST_SPECIES = 6000
FEWEST_SPECIES = 120
PHOTOS_A_SPECIES = 160
CLASSES, ORDERS, FAMILIES, GENERA = 10, 40, 200, 1000
"""Of a tree with MOST_SPECIES; smaller ones keep the proportions."""
KINGDOM_ID = 1
LEVELS = ("class", "order", "family", "genus", "species")


@dataclass(frozen=True, eq=False)
class Tree:
    """The taxonomy, and for each species where it belongs.

    Attributes:
        taxonomy: the tree; preorder and species order agree.
        leaves: (n_species,) int64 ascending nodes of the species.
        groups: for each of LEVELS an (n_species,) int64 array: number of the group that a species is in, from 0.
        big: rank to the node of its largest taxon.
    """

    taxonomy: Taxonomy
    leaves: IntArray
    groups: dict[str, IntArray]
    big: dict[str, int]


def species_for(n_photos: int) -> int:
    """How many species suit a collection: 6,000 from 960,000 photos on."""
    return max(FEWEST_SPECIES, min(MOST_SPECIES, n_photos // PHOTOS_A_SPECIES))


def make_tree(n_species: int) -> Tree:
    """Five sixths of the species in one class, half of those in one order, a fifth of those in one family."""
    groups = _groups(n_species)
    rows = [TaxonRow(LIFE_TAXON_ID, (), "stateofmatter", 100, "Life")]
    rows.append(TaxonRow(KINGDOM_ID, (LIFE_TAXON_ID,), "kingdom", 70, "Animalia"))
    path: dict[str, int] = {}
    for species in range(n_species):
        ancestry = [LIFE_TAXON_ID, KINGDOM_ID]
        for depth, rank in enumerate(LEVELS):
            number = int(groups[rank][species])
            # Ids ascend in the order of species, so that siblings, which are sorted by id, do too.
            taxon_id = (depth + 2) * 10_000_000 + number
            if path.get(rank) != taxon_id:
                path[rank] = taxon_id
                rows.append(TaxonRow(taxon_id, tuple(ancestry), rank, RANK_LEVELS[rank], f"{rank.title()} {number}"))
            ancestry.append(taxon_id)
    taxonomy = Taxonomy.from_rows(rows)
    leaves = taxonomy.nodes_of(groups["species"] + 60_000_000).astype(np.int64)
    big = {rank: _largest(taxonomy, rank, depth, groups[rank]) for depth, rank in enumerate(LEVELS)}
    return Tree(taxonomy, leaves, groups, big)


def _largest(taxonomy: Taxonomy, rank: str, depth: int, group: IntArray) -> int:
    return taxonomy.node((depth + 2) * 10_000_000 + int(np.bincount(group).argmax()))


def _groups(n: int) -> dict[str, IntArray]:
    """Families as (class, order, number of species), the big ones first; genera within them."""
    big_class, part = n * 5 // 6, n / MOST_SPECIES
    big_order, big_family = big_class // 2, big_class // 10
    rest = [
        (0, 0, 1, big_order - big_family, round(FAMILIES * part * 0.3)),
        (0, 1, max(1, round(ORDERS * part * 0.45)), big_class - big_order, round(FAMILIES * part * 0.5)),
    ]
    small = n - big_class
    for number, size in enumerate(_split(small, CLASSES - 1)):
        rest.append((number + 1, 100 + 10 * number, 2, size, max(1, round(FAMILIES * part * 0.2 / (CLASSES - 1)))))
    families = [(0, 0, big_family)]
    for class_, first_order, n_orders, size, n_families in rest:
        sizes = _split(size, max(1, min(n_families, size)))
        orders = [first_order + i * min(n_orders, len(sizes)) // len(sizes) for i in range(len(sizes))]
        families += [(class_, order, s) for order, s in zip(orders, sizes, strict=True)]
    counts = np.array([size for _, _, size in families])
    family = np.repeat(np.arange(len(families)), counts)
    within = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    genus_key = family * n + within // (MOST_SPECIES // GENERA)
    return {
        "class": np.array([c for c, _, _ in families], dtype=np.int64)[family],
        "order": np.unique([o for _, o, _ in families], return_inverse=True)[1].astype(np.int64)[family],
        "family": family.astype(np.int64),
        "genus": np.unique(genus_key, return_inverse=True)[1].astype(np.int64),
        "species": np.arange(n, dtype=np.int64),
    }


def _split(total: int, parts: int) -> list[int]:
    """`total` in nearly equal parts, none empty unless there are too few."""
    return [total // parts + (1 if i < total % parts else 0) for i in range(parts)]
