"""Leaves and stems, which several plants have."""

import numpy as np

from indexer.demo.drawing.colours import WHITE, Coat, Colour, blend, rgb
from indexer.demo.drawing.layers import Layer
from indexer.demo.drawing.shapes import Points, ribbon
from reverse_search.domain.arrays import FloatArray

GREEN, DEEP_GREEN = rgb("4c7a34"), rgb("2f5524")
GOLDEN_ANGLE = float(np.pi * (3 - np.sqrt(5)))
"""Between one leaf or floret and the next, so that none hides another."""
BELOW = -4.0
"""Where stems end: out of every picture."""


def draw_leaves(blades: list[Points], colour: Colour) -> list[Layer]:
    """Blades in one colour, with midribs."""

    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        mottle = np.sin(x * 9 + np.sin(y * 7)) * np.sin(y * 8)
        return Coat(colour, x.shape).dim(1 + 0.08 * mottle).rgb

    return [
        Layer(blades, paint, relief=0.08, gloss=0.12),
        Layer([_midrib(blade) for blade in blades], blend(colour, WHITE, 0.3), relief=0.0, opacity=0.6),
    ]


def _midrib(blade: Points) -> Points:
    """A blade's outline goes up one side and down the other: half-way between."""
    half = len(blade) // 2
    return ribbon((blade[:half] + blade[half:][::-1]) / 2, 0.03, 0.006)
