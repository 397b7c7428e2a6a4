"""What exact search and index search cost on this machine, as a few constants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from reverse_search.domain.arrays import DoubleArray, FloatArray, IntArray
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.index import Pool, ProbedIndex

MOST_APART = 4.0
"""How far a measured constant may lie from the typical one, either way: beyond, the machine was busy with others."""
SCATTERED = 1.5
"""How much longer it takes to compare a row that lies alone: nothing was read ahead."""
Clock = Callable[[], float]
"""Seconds from any fixed start, e.g. `time.perf_counter`."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Constants of the predictions, in seconds. All are for the dimension they were measured at.

    Attributes:
        fixed_s: of any search.
        row_s: to read one row of a pool, however many queries there are.
        pair_s: to compare one row with one query, exactly.
        skip_s: to pass over one row of a visited cell that is not in the pool, for one query.
        code_s: to compare one row of a visited cell with one query, approximately, where all its rows are in the pool.
    """

    fixed_s: float
    row_s: float
    pair_s: float
    skip_s: float
    code_s: float

    @classmethod
    def typical(cls, dim: int) -> "Costs":
        """Costs on two cores of a recent server, for `dim` components."""
        return cls(fixed_s=2e-4, row_s=8e-10 * dim, pair_s=3e-11 * dim, skip_s=1.2e-9, code_s=2e-10 * dim)

    @classmethod
    def measured(cls, constants: Mapping[str, float], dim: int) -> "Costs":
        """Constants by name, as `dataclasses.asdict` gives them; typical ones for those that are missing."""
        return replace(cls.typical(dim), **{f.name: constants[f.name] for f in fields(cls) if f.name in constants})

    def within(self, factor: float, others: "Costs") -> "Costs":
        """These, but none more than `factor` times the other, or less than that part of it."""
        pairs = {f.name: (getattr(self, f.name), getattr(others, f.name)) for f in fields(self)}
        return Costs(**{name: min(max(own, other / factor), other * factor) for name, (own, other) in pairs.items()})

    def exact_s(self, n_queries: int, n_rows: int) -> float:
        """Predicted seconds of exact search over `n_rows` rows."""
        return self.fixed_s + n_rows * (self.row_s + n_queries * self.pair_s)

    def visit_s(self, in_pool: IntArray, rows: IntArray) -> DoubleArray:
        """Predicted seconds of visiting cells for one query: (n,) rows of the pool in each, and all rows of each."""
        density = in_pool / np.maximum(rows, 1)
        return np.asarray(self.skip_s * rows + self.code_s * in_pool * (1 + SCATTERED * (1 - density)))


def measure_costs(
    exact: ExactSearch,
    index: ProbedIndex | None,
    rng: np.random.Generator,
    clock: Clock,
    n_rows: int = 4096,
    repeats: int = 9,
) -> Costs:
    """Measure the constants on the machine and the vectors at hand; takes a fraction of a second.

    Args:
        exact: exact search over the vectors.
        index: the index over the same rows; without one its constants stay typical.
        rng: chooses rows.
        clock: tells the time.
        n_rows: rows of the pools that are timed.
        repeats: of each measurement; the fastest counts.

    Returns:
        The constants; typical ones where there are too few rows (under 512) to measure anything.
    """
    typical = Costs.typical(exact.dim)
    size = min(n_rows, exact.count // 2 - 1)
    if size < 256:
        return typical
    timer = _Timer(exact, clock, repeats)
    rows = rng.choice(exact.count, size=size, replace=False)
    few, many = rows[: size // 4], rows
    one, eight = exact.source.gather(rows[:1]), exact.source.gather(rows[:8])
    base, single, batch = timer.exact(one, few), timer.exact(one, many), timer.exact(eight, many)
    pair_s = max(batch - single, 0.0) / (7 * size) or typical.pair_s
    row_s = max((single - base) / (size - len(few)) - pair_s, typical.row_s / 10)
    fixed_s = max(base - len(few) * (row_s + pair_s), 1e-6)
    if index is None:
        return Costs(fixed_s, row_s, pair_s, typical.skip_s, typical.code_s).within(MOST_APART, typical)
    tiny = timer.all_cells(index, eight, Pool.of_rows(rows[:8], exact.count))
    whole = timer.all_cells(index, eight, Pool(np.arange(exact.count) > 0))
    met = 8 * exact.count
    skip_s = max(tiny - fixed_s, 0.0) / met or typical.skip_s
    code_s = max(whole - tiny, 0.0) / met or typical.code_s
    return Costs(fixed_s, row_s, pair_s, skip_s, code_s).within(MOST_APART, typical)


@dataclass(frozen=True, eq=False)
class _Timer:
    exact_search: ExactSearch
    clock: Clock
    repeats: int

    def exact(self, queries: FloatArray, rows: IntArray) -> float:
        pool = Pool.of_rows(rows, self.exact_search.count)
        _ = pool.rows
        return self._fastest(lambda: self.exact_search.search(queries, 10, pool))

    def all_cells(self, index: ProbedIndex, queries: FloatArray, pool: Pool) -> float:
        _ = pool.packed
        return self._fastest(lambda: index.search(queries, 10, pool))

    def _fastest(self, search: Callable[[], object]) -> float:
        search()
        seconds = []
        for _ in range(self.repeats):
            start = self.clock()
            search()
            seconds.append(self.clock() - start)
        return min(seconds)
