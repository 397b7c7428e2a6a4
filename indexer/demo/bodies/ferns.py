"""Ferns: fronds with leaflets along both sides, from one root."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.drawing.colours import Coat, Colour, edge, rgb
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Points, bow, moved, ribbon, turned
from reverse_search.domain.arrays import FloatArray

BROWN = rgb("5b5a2c")
LONG = 1.9
"""Length of the longest frond."""


@dataclass(frozen=True, slots=True)
class Fern:
    """What a species looks like.

    Attributes:
        base: colour of the leaflets.
        tip: colour of the young tips.
        rachis: colour of the midribs.
        pairs: of leaflets.
        leaflet: length of the longest leaflets.
        slim: width of a leaflet, relative to its length.
        lobes: how deep the leaflets are lobed.
        fronds: number of fronds.
    """

    base: Colour
    tip: Colour
    rachis: Colour = BROWN
    pairs: int = 18
    leaflet: float = 0.55
    slim: float = 0.2
    lobes: float = 0.5
    fronds: int = 3


def draw_fern(genome: Fern, rng: np.random.Generator) -> list[Layer]:
    """Fronds, the middle one last."""
    layers: list[Layer] = []
    angles = np.linspace(-0.85, 0.85, genome.fronds) + rng.normal(0, 0.1, genome.fronds)
    for rank, angle in enumerate(sorted(angles.tolist(), key=abs, reverse=True), start=1):
        size = LONG * rng.uniform(0.85, 1.05) * (0.8 + 0.2 * rank / genome.fronds)
        layers += _frond(genome, angle, size, rng)
    return layers


def _frond(genome: Fern, angle: float, size: float, rng: np.random.Generator) -> list[Layer]:
    end = (float(np.sin(angle)) * size, float(np.cos(angle)) * size - 1.0)
    line = bow((0.0, -1.0), end, -0.12 * np.sign(angle) + rng.normal(0, 0.04), 60)
    ahead = np.gradient(line, axis=0)
    leaflets = []
    for t in np.linspace(0.12, 0.98, genome.pairs):
        at, way = line[int(t * 59)], ahead[int(t * 59)]
        heading = float(np.arctan2(way[1], way[0])) - np.pi / 2
        length = genome.leaflet * size / LONG * np.sin(np.pi * min(t * 0.85 + 0.18, 1.0)) ** 0.8 + 0.03
        leaflet = _leaflet(genome, length)
        apart = (1.25 - 0.5 * t) * np.array([-1, 1]) + rng.normal(0, 0.03, 2)
        leaflets += [moved(turned(leaflet, heading + a), at) for a in apart]
    rachis = ribbon(line, 0.05, 0.035, 0.01)
    return [
        Layer(leaflets, _green(genome, angle, size), relief=0.035, gloss=0.05),
        Layer([rachis], genome.rachis, relief=0.02),
    ]


def _leaflet(genome: Fern, length: float) -> Points:
    t = np.linspace(0, 1, 26)
    half = length * genome.slim / 2 * np.sin(np.pi * np.minimum(t * 0.9 + 0.1, 1)) ** 0.7
    half = half * (1 - genome.lobes * 0.5 * (1 + np.cos(t * 2 * np.pi * 6)) / 2)
    return np.concatenate([np.column_stack([half, t * length]), np.column_stack([-half, t * length])[::-1]])


def _green(genome: Fern, angle: float, size: float) -> Paint:
    right, up = float(np.sin(angle)) / size, float(np.cos(angle)) / size

    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        coat = Coat(genome.base, x.shape).lay(genome.tip, edge(x * right + (y + 1) * up, 0.75, 0.4))
        return coat.dim(1 + 0.06 * np.sin(x * 7) * np.sin(y * 8)).rgb

    return paint
