"""How far similarities to queries lie from those of the cells' centroids."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtr

from reverse_search.domain.arrays import AnyArray, DoubleArray, FloatArray

WIDER = 1.1
"""The tails are a little heavier than a normal distribution's (kurtosis 3 to 4): it is made wider by this factor."""
MOST_VALUES = 8192
LEAST_VARIANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Deviations:
    """A normal distribution of similarity - nearness, where nearness is a centroid's similarity.

    A row in a cell is its share of the centroid plus something of its own: so the mean falls along a line with the
    nearness, and the variance grows with its square.

    Attributes:
        intercept: of the mean.
        slope: of the mean.
        variance: where the nearness is 0.
        growth: of the variance, with nearness squared.
    """

    intercept: float
    slope: float
    variance: float
    growth: float

    @classmethod
    def of(cls, nearness: FloatArray, similarities: FloatArray) -> Self:
        """Learn from pairs of a row and a query, by least squares.

        Args:
            nearness: (n, m) similarity of row's centroid and query.
            similarities: (n, m) similarity of row and query, at least one.
        """
        step = -(-nearness.size // MOST_VALUES)
        near = nearness.ravel()[::step].astype(np.float64)
        deviation = similarities.ravel()[::step] - near
        intercept, slope = _line(near, deviation)
        squares = (deviation - intercept - slope * near) ** 2
        variance, growth = _line(near**2, squares)
        if growth < 0 or variance < LEAST_VARIANCE:
            variance, growth = max(float(squares.mean()), LEAST_VARIANCE), 0.0
        return cls(intercept, slope, variance, growth)

    def chance(self, nearness: AnyArray, floor: float) -> DoubleArray:
        """Probability that a row is more similar than `floor` to a query, from its centroid's similarity: (n,)."""
        near = nearness.astype(np.float64)
        spread = WIDER * np.sqrt(self.variance + self.growth * near**2)
        return np.asarray(ndtr((near * (1 + self.slope) + self.intercept - floor) / spread))


def _line(x: DoubleArray, y: DoubleArray) -> tuple[float, float]:
    """Intercept and slope of least squares; flat where all x are the same."""
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (y - y.mean())) / spread if spread > 1e-12 else 0.0
    return float(y.mean()) - slope * float(x.mean()), slope
