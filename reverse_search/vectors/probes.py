"""How many cells a search visits, by how much of the collection is in play."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True, slots=True)
class ProbeTable:
    """Fitted numbers of probes.

    Attributes:
        fitted: (selectivity, number of probes), by descending selectivity. Empty where nothing was fitted.
    """

    fitted: tuple[tuple[float, int], ...] = ()

    def __post_init__(self) -> None:
        selectivities = [selectivity for selectivity, _ in self.fitted]
        in_order = all(a > b for a, b in pairwise(selectivities))
        if not in_order or any(not 0 < s <= 1 or n < 1 for s, n in self.fitted):
            raise ValueError("selectivities must fall within (0, 1] and descend, and probes be at least 1")

    @classmethod
    def from_pairs(cls, pairs: Sequence[Sequence[float]]) -> "ProbeTable":
        """A table from [[selectivity, probes], …], as `as_pairs` gives it. Raises ValueError."""
        return cls(tuple((float(selectivity), int(probes)) for selectivity, probes in pairs))

    def as_pairs(self) -> list[list[float]]:
        """The table as JSON types."""
        return [[selectivity, probes] for selectivity, probes in self.fitted]

    def probes(self, selectivity: float) -> int:
        """Probes for a pool with this part of all rows in it; 1 for an empty table.

        Between two fitted selectivities the number grows geometrically, as it was found to; below all that were fitted
        it goes on growing in proportion.
        """
        if not self.fitted:
            return 1
        if selectivity >= self.fitted[0][0]:
            return self.fitted[0][1]
        for (denser, fewer), (sparser, more) in pairwise(self.fitted):
            if sparser <= selectivity:
                way = np.log(denser / selectivity) / np.log(denser / sparser)
                # Rounded before rounding up, so that a fitted selectivity gives exactly what was fitted.
                return max(fewer, min(more, int(np.ceil(round(fewer * (more / fewer) ** way, 6)))))
        sparsest, most = self.fitted[-1]
        return int(np.ceil(round(most * sparsest / max(selectivity, 1e-12), 6)))


def probe_floor(k: int, n_cells: int, pool_size: int) -> int:
    """Fewest probes that can be expected to meet enough rows of a pool: ten times k, if rows lay evenly in cells."""
    return -(-10 * k * n_cells // max(1, pool_size))
