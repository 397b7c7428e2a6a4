"""Mushrooms: a cap on a stem, seen from the side, often in a group."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.drawing.colours import WHITE, Coat, Colour, blend, edge, ridge
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Place, Points, bow, ellipse, moved, ribbon, smooth, turned
from reverse_search.domain.arrays import FloatArray

GROUP = ((0.0, 0.0, 1.0), (0.85, -0.42, 0.55), (-0.8, -0.5, 0.48), (-1.1, -0.55, 0.32))
"""Place and size of the mushrooms of a group."""


@dataclass(frozen=True, slots=True)
class Mushroom:
    """What a species looks like.

    Attributes:
        base: colour of the cap.
        rim: colour of the cap's margin.
        dots: colour of the flakes on the cap.
        stem: colour of the stem.
        gills: colour of the gills.
        wide: half width of the cap.
        high: height of the cap.
        point: how pointed the cap is.
        flakes: number of flakes on the cap.
        thick: half width of the stem.
        tall: length of the stem.
        ring: whether the stem wears a ring.
        group: number of mushrooms, at most four.
    """

    base: Colour
    rim: Colour
    dots: Colour
    stem: Colour
    gills: Colour
    wide: float = 0.72
    high: float = 0.55
    point: float = 0.0
    flakes: int = 0
    thick: float = 0.13
    tall: float = 1.1
    ring: bool = False
    group: int = 2


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where one of a group stands, how large and how bent."""

    at: Place
    size: float
    lean: float

    def put(self, points: Points) -> Points:
        return moved(turned(points, self.lean) * self.size, self.at)

    def back(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """From where it is put to where it was."""
        c, s = float(np.cos(self.lean)) / self.size, float(np.sin(self.lean)) / self.size
        x, y = x - self.at[0], y - self.at[1]
        return x * c + y * s, y * c - x * s


def draw_mushroom(genome: Mushroom, rng: np.random.Generator) -> list[Layer]:
    """The small ones behind first."""
    layers: list[Layer] = []
    for x, y, size in reversed(GROUP[: genome.group]):
        at = x + rng.normal(0, 0.06), y
        spot = _Spot(at, size * rng.uniform(0.9, 1.08), rng.normal(0, 0.08))
        layers += _one(genome, spot, rng)
    return layers


def _one(genome: Mushroom, spot: _Spot, rng: np.random.Generator) -> list[Layer]:
    """Stem, ring, cap, gills, the stem's upper end before them, flakes."""
    from_below, w, h = rng.uniform(0.10, 0.22), genome.wide, genome.high * rng.uniform(0.9, 1.1)
    p, thick, size = genome.point, genome.thick, spot.size
    right = [(w * (0.55 - 0.25 * p), h * (0.85 - 0.1 * p)), (w * (0.93 - 0.1 * p), h * 0.35), (w, 0.0)]
    right.append((w * 0.8, -from_below * 0.7))
    cap = smooth([(0, h * (1 + p)), *right, (0, -from_below), *((-x, y) for x, y in reversed(right))])
    line = bow((0, 0), (rng.normal(0, 0.06), -genome.tall), rng.normal(0, 0.04))
    stem = ribbon(line, thick * 1.7, thick * 1.8, thick * 2.6)
    top = moved(np.concatenate([stem[:3], stem[-3:]]), (0, -0.02))
    under = ellipse((0, -from_below * 0.25), w * 0.93, from_below * 0.75)
    return [
        Layer([spot.put(stem)], _stem_paint(genome, spot), relief=thick * size * 0.8),
        *([_ring(genome, spot)] if genome.ring else []),
        Layer([spot.put(cap)], _cap_paint(genome, spot), relief=0.28 * size, gloss=0.3),
        Layer([spot.put(under)], _gill_paint(genome, spot), relief=0.02),
        Layer([spot.put(top)], genome.stem, relief=0.05 * size),
        Layer(_flakes(genome, h, spot, rng), genome.dots, relief=0.04 * size),
    ]


def _ring(genome: Mushroom, spot: _Spot) -> Layer:
    t = genome.thick
    skirt = smooth([(-t, -0.22), (0, -0.2), (t, -0.22), (t * 1.9, -0.4), (0, -0.44), (-t * 1.9, -0.4)])
    return Layer([spot.put(skirt)], blend(genome.stem, WHITE, 0.4), relief=0.05 * spot.size)


def _flakes(genome: Mushroom, height: float, spot: _Spot, rng: np.random.Generator) -> list[Points]:
    shapes = []
    for i in range(genome.flakes):
        angle, far = np.pi * (0.08 + 0.84 * ((i * 0.618) % 1.0)), np.sqrt((i + 0.6) / genome.flakes) * 0.84
        at = float(genome.wide * far * np.cos(angle)), float(height * (0.12 + far * np.sin(angle) * 0.82))
        size, turn = rng.uniform(0.035, 0.075), rng.uniform(0, 3)
        shapes.append(spot.put(ellipse(at, size * 1.1, size * 0.8, turn, 12)))
    return shapes


def _stem_paint(genome: Mushroom, spot: _Spot) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        x, y = spot.back(x, y)
        return Coat(genome.stem, x.shape).dim(1 + 0.07 * np.sin(x * 90 + np.sin(y * 5))).rgb

    return paint


def _cap_paint(genome: Mushroom, spot: _Spot) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        x, y = spot.back(x, y)
        mottle = np.sin(x * 17 + np.sin(y * 13)) * np.sin(y * 19)
        coat = Coat(genome.base, x.shape).lay(genome.rim, 1 - edge(y / genome.high, 0.2, 0.3))
        return coat.dim(1 + 0.06 * mottle).rgb

    return paint


def _gill_paint(genome: Mushroom, spot: _Spot) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        x, y = spot.back(x, y)
        gills = np.sin(np.arctan2(y + 0.02, x * 0.35) * 40)
        return Coat(genome.gills, x.shape).dim(0.8 + 0.14 * gills - ridge(y, -0.03, 0.02, 0.08) * 0.3).rgb

    return paint
