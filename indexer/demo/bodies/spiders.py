"""Spiders, seen from above; heads point upwards."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.drawing.colours import INK, Coat, Colour, blend, edge, radius, ridge
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Points, both_sides, bow, ellipse, moved, place, ribbon
from reverse_search.domain.arrays import FloatArray

LEGS = ((1.15, 1.15), (0.55, 0.95), (-0.25, 0.85), (-0.95, 1.1))
"""Angle and length of each pair of legs."""
WAIST = 0.2
"""Height of the middle of the front body."""


@dataclass(frozen=True, slots=True)
class Spider:
    """What a species looks like.

    Attributes:
        base: colour of the abdomen.
        mark: colour of what is drawn on it.
        front: colour of the front body.
        legs: colour of the legs.
        ring: colour of the rings on the legs.
        abdomen: half width of the abdomen.
        length: half length of the abdomen.
        leg: length of the legs.
        thick: thickness of the legs.
        cross: size of a cross of dots on the abdomen.
        bars: number of cross bars on the abdomen.
    """

    base: Colour
    mark: Colour
    front: Colour
    legs: Colour
    ring: Colour
    abdomen: float = 0.34
    length: float = 0.42
    leg: float = 1.0
    thick: float = 0.075
    cross: float = 0.0
    bars: int = 0


def draw_spider(genome: Spider, rng: np.random.Generator) -> list[Layer]:
    """Legs, feelers, front body, eyes, abdomen."""
    feelers = [ribbon([(0.06, 0.38), (0.10, 0.52), (0.05, 0.60)], 0.08, 0.05)]
    eyes = [ellipse((0.06, 0.4), 0.03, 0.03), ellipse((0.12, 0.36), 0.025, 0.025)]
    abdomen = ellipse((0.0, -0.12 - genome.length), genome.abdomen, genome.length)
    return [
        Layer(_legs(genome, rng), _banded(genome), relief=0.03),
        Layer(both_sides(feelers), genome.front, relief=0.04),
        Layer([ellipse((0, WAIST), 0.2, 0.25)], _front_paint(genome), relief=0.14, gloss=0.25),
        Layer(both_sides(eyes), INK, relief=0.03, gloss=0.9),
        Layer([abdomen], _abdomen_paint(genome), relief=genome.abdomen * 0.8, gloss=0.3),
    ]


def _legs(genome: Spider, rng: np.random.Generator) -> list[Points]:
    shapes = []
    for side in (-1, 1):
        for angle, reach in LEGS:
            angle += rng.normal(0, 0.07)
            reach *= genome.leg * rng.uniform(0.92, 1.06)
            root = np.array([0.15, WAIST]) + 0.08 * _towards(angle)
            knee = root + 0.5 * reach * moved(_towards(angle * 0.8), (0, 0.05))
            foot = root + reach * _towards(angle * 1.18)
            shin = bow(place(knee), place(foot), 0.04 * np.sign(angle), 8)
            line = np.concatenate([np.linspace(root, knee, 6)[:-1], shin])
            t = genome.thick
            shapes.append(ribbon(line, t * 1.2, t, t * 0.7, t * 0.25) * (side, 1))
    return shapes


def _towards(angle: float) -> Points:
    return np.array([np.cos(angle), np.sin(angle)])


def _banded(genome: Spider) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        rings = edge(np.sin(radius(x, y - WAIST) * (19 / genome.leg)), 0.35, 0.25)
        return Coat(genome.legs, x.shape).lay(genome.ring, rings).rgb

    return paint


def _front_paint(genome: Spider) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        return Coat(genome.front, x.shape).lay(genome.ring, ridge(x, 0.0, 0.03, 0.05) * 0.5).rgb

    return paint


def _abdomen_paint(genome: Spider) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        across, down = np.abs(x) / genome.abdomen, (-y - 0.12) / (2 * genome.length)
        coat = Coat(genome.base, x.shape).lay(blend(genome.base, INK, 0.55), edge(across, 0.75, 0.3))
        if genome.bars:
            wave = np.sin((down + across * across * 0.12) * (2 * np.pi * genome.bars))
            coat.lay(genome.mark, edge(wave, 0.1, 0.2) * (1 - edge(across, 0.8, 0.1)))
        if genome.cross:
            upright = ridge(across, 0.0, 0.10, 0.05) * ridge(down, 0.42, genome.cross, 0.05)
            level = ridge(down, 0.32, 0.05) * (1 - edge(across, genome.cross * 1.5, 0.08))
            dots = edge(np.sin(x * 70) * np.sin(y * 70), -0.5, 0.4)
            coat.lay(genome.mark, np.maximum(upright, level) * dots)
        return coat.rgb

    return paint
