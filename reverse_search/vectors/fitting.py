"""Fits how many cells to probe, on prototypes like those that searches will bring."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import FloatArray
from reverse_search.vectors.exact import BLOCK_ROWS, ExactSearch
from reverse_search.vectors.index import Hits, Pool, ProbedIndex, VectorSource
from reverse_search.vectors.kmeans import spherical_kmeans
from reverse_search.vectors.planner import PlannerSettings
from reverse_search.vectors.probes import ProbeTable, probe_floor
from reverse_search.vectors.rerank import rerank_union
from reverse_search.vectors.topk import TopK

_TIE = 1e-5


@dataclass(frozen=True, slots=True)
class FitSettings:
    """What to fit probes to.

    Attributes:
        selectivities: parts of the rows in play, descending. Sparser pools are searched exactly.
        k: how many rows a search asks for.
        target_recall: mean recall to reach; above the .99 that is promised, since other queries than these will come.
        n_groups: searches to fit on.
        group_size: prototypes a search.
        neighbours: rows that the prototypes of one search stand for.
    """

    selectivities: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03, 0.01)
    k: int = 100
    target_recall: float = 0.995
    n_groups: int = 24
    group_size: int = 16
    neighbours: int = 256


def sample_prototypes(exact: ExactSearch, settings: FitSettings, rng: np.random.Generator) -> list[FloatArray]:
    """Prototypes of random neighbourhoods: `n_groups` arrays of (up to group_size, dim) float32."""
    n_groups = min(settings.n_groups, exact.count)
    anchors = exact.source.gather(np.sort(rng.choice(exact.count, size=n_groups, replace=False)))
    near = exact.search(anchors, settings.neighbours)
    return [spherical_kmeans(exact.source.gather(near.of(i)[0]), settings.group_size) for i in range(n_groups)]


def fit_nprobe(
    index: ProbedIndex,
    exact: ExactSearch,
    groups: Sequence[FloatArray],
    rng: np.random.Generator,
    settings: FitSettings,
    planner_settings: PlannerSettings | None = None,
) -> ProbeTable:
    """The fewest visits to cells that reach the wanted recall, for each selectivity, on random pools.

    Recall is that of the k rows with the greatest maximum similarity over a group's queries, which share the visits; a
    group of one query is a plain search.

    Args:
        index: the index to fit.
        exact: exact search over the same rows.
        groups: queries that are searched together: (n, dim) float32 each.
        rng: draws the pools.
        settings: what to fit to.
        planner_settings: how many candidates the planner compares again.

    Returns:
        A table with one entry for each selectivity whose pool has a row for each place.
    """
    candidates = (planner_settings or PlannerSettings()).candidates(settings.k)
    fitted: list[tuple[float, int]] = []
    pools: list[tuple[float, Pool]] = []
    for selectivity in settings.selectivities:
        size = int(exact.count * selectivity)
        if size < settings.k:
            break
        pools.append((selectivity, Pool.of_rows(rng.choice(exact.count, size=size, replace=False), exact.count)))
    worst = _worst_similarities(exact.source, groups, [pool for _, pool in pools], settings.k)
    for (selectivity, pool), needed in zip(pools, worst, strict=True):
        trial = _Trial(index, exact.source, groups, pool, settings.k, candidates, needed)
        # Sparser pools never need fewer probes, so each fit starts where the last ended.
        start = max(probe_floor(settings.k, index.n_cells, pool.size), fitted[-1][1] if fitted else 1)
        fitted.append((selectivity, trial.fewest(start, settings.target_recall)))
    return ProbeTable(tuple(fitted))


def _worst_similarities(
    source: VectorSource, groups: Sequence[FloatArray], pools: Sequence[Pool], k: int
) -> list[FloatArray]:
    """For each pool (n_groups,) the similarity of the k-th best row of each group, in one pass over all rows."""
    queries = np.concatenate(groups)
    starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
    best = [TopK(len(groups), k) for _ in pools]
    for start, vectors in source.iter_blocks(BLOCK_ROWS):
        greatest = np.maximum.reduceat(vectors @ queries.T, starts, axis=1)
        for pool, found in zip(pools, best, strict=True):
            chosen = np.flatnonzero(pool.mask[start : start + len(vectors)])
            found.offer(greatest[chosen].T, start + chosen)
    return [found.hits(k).similarities[:, -1] for found in best]


class _Trial:
    def __init__(
        self,
        index: ProbedIndex,
        source: VectorSource,
        groups: Sequence[FloatArray],
        pool: Pool,
        k: int,
        candidates: int,
        worst: FloatArray,
    ) -> None:
        self._index, self._source, self._groups, self._pool = index, source, groups, pool
        self._k, self._candidates, self._worst = k, candidates, worst

    def fewest(self, n_probes: int, target_recall: float) -> int:
        """Visits by a ladder of 1, 1.5, 2, 3, 4, 6, … times the first; at most every cell for every query."""
        most = self._index.n_cells * max(len(group) for group in self._groups)
        while n_probes < most and self.recall(n_probes) < target_recall:
            power_of_two = n_probes & (n_probes - 1) == 0
            n_probes = n_probes + max(1, n_probes // 2) if power_of_two else (n_probes * 4 + 2) // 3
        return min(n_probes, most)

    def recall(self, n_probes: int) -> float:
        shares = [
            np.count_nonzero(self._search(group, n_probes).similarities >= worst - _TIE) / self._k
            for group, worst in zip(self._groups, self._worst, strict=True)
        ]
        return float(np.mean(shares))

    def _search(self, group: FloatArray, n_probes: int) -> Hits:
        found = self._index.probe_union(group, self._candidates, self._pool, n_probes)
        return rerank_union(self._source, group, found, self._k, self._candidates)
