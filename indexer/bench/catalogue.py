"""Who saw what, where and when, and what has been said of it: columns made at random.

Days are independent of everything, so that a range of days is a random filter. Places follow the taxon: a genus lives
around its home, near a few dozen towns, so that a box is a correlated one.
"""

from dataclasses import dataclass

import numpy as np

from indexer.bench.tree import Tree
from reverse_search.domain.arrays import AnyArray, DoubleArray, Int32Array, IntArray
from reverse_search.domain.catalogue import GRADE_CODES, HAS_PHOTO, ObservationColumns, PhotoColumns
from reverse_search.domain.lacking import IdentificationColumns
from reverse_search.domain.words import QualityGrade

PHOTOS_AN_OBSERVATION = 1.35
DAYS = 10_000
TOWNS, TOWNS_NEAR = 3000, 40
TOWN_SPREAD_DEGREES = 0.15
VERIFIED, SINGLE, WRONG, COARSE, UNKNOWN = range(5)
STATE_SHARES = (0.55, 0.15, 0.05, 0.18, 0.07)
"""Verified as the species, identified once, identified as another, no finer than genus to class, nothing said."""
COARSE_RANKS = ("genus", "family", "order", "class")


@dataclass(frozen=True, eq=False)
class Drawn:
    """Observations in the order in which they were made; the photos of each lie together.

    Attributes:
        species: (n,) int64.
        counts: (n,) int64 photos of each.
        place: (n,) int64 place in the catalogue, which is in order of uuid.
    """

    species: IntArray
    counts: IntArray
    place: IntArray


def draw_observations(n_photos: int, n_species: int, seed: int) -> Drawn:
    """About 1.35 photos an observation, `n_photos` in all; species from common to rare."""
    rng = np.random.default_rng([seed, 2])
    n = max(1, round(n_photos / PHOTOS_AN_OBSERVATION))
    counts = 1 + rng.poisson(PHOTOS_AN_OBSERVATION - 1, n)
    missing = n_photos - int(counts.sum())
    free = np.arange(n) if missing > 0 else np.repeat(np.arange(n), counts - 1)
    np.add.at(counts, rng.choice(free, size=abs(missing), replace=missing > 0), int(np.sign(missing)))
    abundance = np.exp(rng.standard_normal(n_species))
    species = rng.choice(n_species, size=n, p=abundance / abundance.sum())
    return Drawn(species.astype(np.int64), counts.astype(np.int64), rng.permutation(n).astype(np.int64))


def photo_columns(drawn: Drawn) -> PhotoColumns:
    """Photos by observation of the catalogue; vector rows as they were made."""
    first_row = np.cumsum(drawn.counts) - drawn.counts
    made = np.argsort(drawn.place)  # place in the catalogue → place as made
    counts = drawn.counts[made]
    owner = np.repeat(np.arange(len(made)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = (first_row[made][owner] + within).astype(np.int64)
    return PhotoColumns(rows + 1, owner.astype(np.int32), rows, np.argsort(rows).astype(np.int64))


def observation_columns(drawn: Drawn, tree: Tree, seed: int) -> tuple[ObservationColumns, IdentificationColumns]:
    """The catalogue and what has been said."""
    rng = np.random.default_rng([seed, 3])
    made = np.argsort(drawn.place)
    species, counts = drawn.species[made], drawn.counts[made]
    n = len(species)
    state = rng.choice(len(STATE_SHARES), size=n, p=STATE_SHARES)
    said = _said(state, species, tree, rng)
    latitude, longitude = _places(species, tree, rng)
    grade = np.where(state == VERIFIED, GRADE_CODES[QualityGrade.RESEARCH], GRADE_CODES[QualityGrade.NEEDS_ID])
    columns = ObservationColumns(
        uuid=_uuids(n, rng),
        platform_id=drawn.place[made] + 1,
        observer_id=(rng.pareto(1.0, n) * 20).astype(np.int64) % 50_000 + 1,
        taxon=said,
        quality_grade=grade.astype(np.int8),
        captive=np.zeros(n, dtype=np.int8),
        latitude=latitude,
        longitude=longitude,
        accuracy_m=np.full(n, 30, dtype=np.int32),
        obscured=(rng.random(n) < 0.05).astype(np.int8),
        observed_day=(day := rng.integers(0, DAYS, n).astype(np.int32)),
        created_day=day + rng.integers(0, 30, n).astype(np.int32),
        label=np.where(state == VERIFIED, said, -1).astype(np.int32),
        touched=np.zeros(n, dtype=np.int8),
        photo_state=np.full(n, HAS_PHOTO, dtype=np.int8),
        first_photo=(np.cumsum(counts) - counts).astype(np.int64),
        photo_count=counts.astype(np.int32),
        license=np.zeros(n, dtype=np.int8),
        iconic=np.full(n, -1, dtype=np.int32),
    )
    rows = np.flatnonzero(said >= 0)
    nothing = np.zeros(0, dtype=np.int64)
    evidence = IdentificationColumns.from_pairs((rows, said[rows]), (nothing, nothing), n, tree.taxonomy)
    return columns, evidence


def _said(state: AnyArray, species: IntArray, tree: Tree, rng: np.random.Generator) -> Int32Array:
    """(n,) node that each observation has been identified as, -1 for none."""
    said = tree.leaves[species]
    wrong = state == WRONG
    said[wrong] = tree.leaves[rng.integers(0, len(tree.leaves), int(wrong.sum()))]
    rank = rng.integers(0, len(COARSE_RANKS), len(species))
    for number, name in enumerate(COARSE_RANKS):
        chosen = (state == COARSE) & (rank == number)
        ancestors = np.array([tree.taxonomy.ancestor_at(int(leaf), name) for leaf in tree.leaves])
        said[chosen] = ancestors[species[chosen]]
    said[state == UNKNOWN] = -1
    return said.astype(np.int32)


def _places(species: IntArray, tree: Tree, rng: np.random.Generator) -> tuple[DoubleArray, DoubleArray]:
    """Latitudes and longitudes: near towns near the home of the genus, which is near that of its family."""
    towns = np.column_stack([rng.uniform(-55, 65, TOWNS), rng.uniform(-170, 170, TOWNS)])
    families, genera = tree.groups["family"], tree.groups["genus"]
    homes = np.column_stack([rng.uniform(-45, 55, families.max() + 1), rng.uniform(-150, 150, families.max() + 1)])
    family_of_genus = families[np.searchsorted(genera, np.arange(genera.max() + 1))]
    homes = homes[family_of_genus] + rng.normal(0, 8, (len(family_of_genus), 2))
    near = np.array([np.argsort(((towns - home) ** 2).sum(axis=1))[:TOWNS_NEAR] for home in homes])
    town = near[genera[species], rng.integers(0, TOWNS_NEAR, len(species))]
    places = towns[town] + rng.normal(0, TOWN_SPREAD_DEGREES, (len(species), 2))
    return places[:, 0].copy(), places[:, 1].copy()


def _uuids(n: int, rng: np.random.Generator) -> AnyArray:
    """(n, 16) uint8, ascending and distinct: the place, then what is random."""
    uuids = rng.integers(0, 256, (n, 16), dtype=np.uint8)
    uuids[:, :4] = np.arange(n, dtype=">u4").view(np.uint8).reshape(n, 4)
    return uuids
