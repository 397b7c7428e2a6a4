"""Fishes, seen from the side, swimming to the right."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.drawing.colours import INK, Coat, Colour, blend, edge, radius, rgb, ridge
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Points, ellipse, smooth, turned
from reverse_search.domain.arrays import FloatArray

GOLD = rgb("f2cc4c")
SCALES = 26
"""Rows of scales to a body unit."""


@dataclass(frozen=True, slots=True)
class Fish:
    """What a species looks like.

    Attributes:
        base: colour of the flank.
        back: colour of the back.
        belly: colour of the belly.
        mark: colour of bars, lines and spots.
        fin: colour of the fins.
        deep: half depth of the body.
        fork: how deep the tail is forked.
        sail: height of the dorsal fin.
        bars: number of upright bars.
        line: width of a line along the flank.
        spots: how strong spots are.
    """

    base: Colour
    back: Colour
    belly: Colour
    mark: Colour
    fin: Colour
    deep: float = 0.4
    fork: float = 0.15
    sail: float = 0.25
    bars: int = 0
    line: float = 0.0
    spots: float = 0.0


def draw_fish(genome: Fish, rng: np.random.Generator) -> list[Layer]:
    """Fins behind, body, eye, fin in front."""
    d, wag = genome.deep, rng.normal(0, 0.08)
    upper = [
        (0.98, -0.02),
        (0.8, d * 0.45),
        (0.35, d * 0.96),
        (-0.2, d * 0.86),
        (-0.72, d * 0.25),
        (-0.92, d * 0.2 + wag),
    ]
    lower = [(-0.92, -d * 0.2 + wag), (-0.72, -d * 0.28), (-0.2, -d * 0.9), (0.35, -d * 0.92), (0.8, -d * 0.5)]
    side_fin = smooth([(0.3, -0.08), (0.1, 0.06), (-0.16, 0.0), (-0.2, -0.16), (0.05, -0.22)])
    eye = (0.70, d * 0.20)
    return [
        Layer(_fins(genome, wag), _fin_paint(genome), relief=0.04, opacity=0.92),
        Layer([smooth([*upper, *lower])], _flank(genome), relief=d * 0.7, gloss=0.35),
        Layer([ellipse(eye, 0.105, 0.105)], blend(genome.belly, GOLD, 0.5), relief=0.03),
        Layer([ellipse(eye, 0.062, 0.062)], INK, relief=0.05, gloss=0.9),
        Layer([turned(side_fin, rng.normal(0, 0.2), (0.3, -0.1))], _fin_paint(genome), relief=0.03, opacity=0.8),
    ]


def _fins(genome: Fish, wag: float) -> list[Points]:
    d, sail, w = genome.deep, genome.sail, wag * 2
    tail = [
        (-0.82, wag),
        (-1.12, 0.36 + w),
        (-1.38, 0.46 + w),
        (-1.30 + genome.fork, w),
        (-1.38, -0.46 + w),
        (-1.12, -0.36 + w),
    ]
    back = [
        (0.45, d * 0.85),
        (0.22, d + sail),
        (-0.2, d * 0.9 + sail * 0.8),
        (-0.62, d * 0.35 + sail * 0.5),
        (-0.6, d * 0.3),
    ]
    anal = [(0.0, -d * 0.8), (-0.22, -d - sail * 0.55), (-0.6, -d * 0.4 - sail * 0.3), (-0.55, -d * 0.3)]
    pelvic = [(0.4, -d * 0.8), (0.28, -d - 0.22), (0.12, -d - 0.2), (0.22, -d * 0.8)]
    return [smooth(fin) for fin in (tail, [*back, (-0.1, d * 0.7)], anal, pelvic)]


def _fin_paint(genome: Fish) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        rays = np.sin(np.arctan2(y, x + 0.15) * 46)
        return Coat(genome.fin, x.shape).lay(blend(genome.fin, INK, 0.5), edge(rays, 0.3, 0.5) * 0.6).rgb

    return paint


def _flank(genome: Fish) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        up = y / genome.deep
        coat = Coat(genome.base, x.shape)
        coat.lay(genome.back, edge(up, 0.45, 0.4)).lay(genome.belly, edge(-up, 0.45, 0.35))
        behind_head = 1 - edge(x, 0.55, 0.06)
        if genome.bars:
            wave = np.sin((x + up * up * 0.05) * (np.pi * genome.bars) + 0.7)
            coat.lay(genome.mark, edge(wave, 0.25, 0.15))
        if genome.line:
            coat.lay(genome.mark, ridge(up, 0.05, genome.line / 2, 0.06))
        if genome.spots:
            dots = np.sin(x * 24 + np.sin(y * 11)) * np.sin(y * 22 + np.sin(x * 9))
            coat.lay(genome.mark, edge(dots, 0.45, 0.12) * genome.spots * behind_head)
        coat.dim(1 - 0.16 * edge(_from_scale(x, y), 0.45, 0.1) * behind_head)
        gill = np.abs(radius(x - 0.75, y * 0.7) - 0.3)
        coat.dim(1 - 0.4 * (1 - edge(gill, 0.012, 0.015)) * (x < 0.6))
        mouth = np.abs(y + 0.04 - (x - 0.95) * 0.3)
        return coat.dim(1 - 0.6 * (1 - edge(mouth, 0.008, 0.01)) * (x > 0.84)).rgb

    return paint


def _from_scale(x: FloatArray, y: FloatArray) -> FloatArray:
    """Distance from the middle of the nearest scale; every other row is half a scale further back."""
    row = np.floor(y * SCALES)
    across = x * SCALES + 0.5 * (row % 2)
    return radius(across - np.floor(across) - 0.5, y * SCALES - row - 0.5)
