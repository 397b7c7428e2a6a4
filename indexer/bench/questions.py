"""Which taxa are asked for, and within which filters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from indexer.bench.catalogue import DAYS
from reverse_search.domain.arrays import IntArray
from reverse_search.generation.opened import Generation
from reverse_search.geo.areas import Box
from reverse_search.search.query import Filters, TaxonQuery

RANKS = ("species", "genus", "species", "family", "species", "largest family", "order", "largest order", "class")
"""One after the other until there are enough; the largest of each rank once, in "largest class" too."""
FILTER_KINDS = ("random", "near", "far")
"""Days, which are independent of everything; a box around where X lives; a box as far from there as can be."""
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Subject:
    """A taxon that is asked for.

    Attributes:
        taxon_id: the platform's.
        node: in the taxonomy.
        rank: of it; "largest family" and so on for the one with most leaves.
        leaves: of the head in its subtree.
    """

    taxon_id: int
    node: int
    rank: str
    leaves: int


def choose_subjects(index: Generation, number: int, seed: int) -> list[Subject]:
    """Taxa with exemplars, of all ranks from species to class, the largest family, order and class among them."""
    rng = np.random.default_rng([seed, 5])
    nodes = np.asarray(index.exemplars.nodes, dtype=np.int64)
    ranks = np.array([index.taxonomy.ranks[int(n)] for n in nodes])
    leaves = np.array([_leaves_below(index, int(n)) for n in nodes])
    largest = [int(nodes[ranks == r][np.argmax(leaves[ranks == r])]) for r in ("family", "order", "class")]
    count = dict(zip(nodes.tolist(), leaves.tolist(), strict=True))
    chosen = [(n, f"largest {r}") for n, r in zip(largest, ("family", "order", "class"), strict=True)]
    shuffled = {
        rank: rng.permutation(nodes[(ranks == rank) & ~np.isin(nodes, largest)]).tolist()
        for rank in sorted(set(ranks.tolist()))
    }
    pattern = [rank for rank in RANKS if not rank.startswith("largest")]
    turn = 0
    while len(chosen) < number and any(shuffled.get(rank) for rank in pattern):
        rank = pattern[turn % len(pattern)]
        turn += 1
        if shuffled.get(rank):
            chosen.append((shuffled[rank].pop(), rank))
    taxon_ids = index.taxonomy.taxon_ids
    return [Subject(int(taxon_ids[n]), n, rank, count[n]) for n, rank in sorted(chosen)[:number]]


def _leaves_below(index: Generation, node: int) -> int:
    low, high = np.searchsorted(index.leaves, [node, int(index.taxonomy.leave[node])])
    return int(high - low)


class Filtering:
    """Filters that leave a wanted part of all observations."""

    def __init__(self, index: Generation) -> None:
        self._index = index
        self._places = np.column_stack([index.observations.latitude, index.observations.longitude])

    def query(self, subject: Subject, kind: str, selectivity: float, limit: int) -> TaxonQuery:
        """A search for a taxon within the part `selectivity` of the collection."""
        query = TaxonQuery(subject.taxon_id, limit=limit)
        if selectivity >= 1:
            return query
        if kind == "random":
            return replace(query, filters=Filters(observed_to=EPOCH + timedelta(days=_last_day(selectivity))))
        home = np.median(self._places[self._exemplar_owners(subject.node)], axis=0)
        if kind == "far":
            home = np.array([-50.0 if home[0] > 0 else 60.0, -165.0 if home[1] > 0 else 165.0])
        return replace(query, filters=Filters(bbox=self._box(home, selectivity)))

    def _exemplar_owners(self, node: int) -> IntArray:
        return self._index.photos.observation[self._index.exemplars.of(node)].astype(np.int64)

    def _box(self, middle: Sequence[float] | np.ndarray, selectivity: float) -> Box:
        """The square of degrees around a point that holds this part of all observations."""
        reach = float(np.quantile(np.abs(self._places - middle).max(axis=1), selectivity))
        south, west = (max(float(m) - reach, low) for m, low in zip(middle, (-90.0, -180.0), strict=True))
        north, east = (min(float(m) + reach, high) for m, high in zip(middle, (90.0, 180.0), strict=True))
        return Box(west, south, east, north)


def _last_day(selectivity: float) -> int:
    return max(0, round(DAYS * selectivity) - 1)
