"""Beetles, seen from above; heads point upwards."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.drawing.colours import INK, Coat, Colour, blend, edge, radius, rgb, shifted
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Points, both_sides, bow, ellipse, mirrored, ribbon, smooth
from reverse_search.domain.arrays import FloatArray

LEGS = ((0.34, 0.30, 0.30), (0.05, 0.42, -0.06), (-0.22, 0.34, -0.42))
"""Of each pair of legs: where it is rooted, how far it reaches aside, and how far forwards."""
DARK_HORN = rgb("1d1612")


@dataclass(frozen=True, slots=True)
class Beetle:
    """What a species looks like.

    Attributes:
        base: colour of the wing cases.
        mark: colour of spots and stripes.
        shield: colour of head and pronotum.
        legs: colour of legs and antennae.
        length: of the wing cases.
        width: of the wing cases, half.
        shoulders: width of the pronotum as a share of theirs.
        feeler: length of the antennae.
        spots: on each wing case.
        spot: radius of a spot.
        stripes: along each wing case.
        grooves: how deep fine lines are cut along the wing cases.
        sheen: how much the colour changes with the light.
        gloss: how shiny it is.
    """

    base: Colour
    mark: Colour
    shield: Colour
    legs: Colour = DARK_HORN
    length: float = 0.8
    width: float = 0.5
    shoulders: float = 0.8
    feeler: float = 0.4
    spots: int = 0
    spot: float = 0.1
    stripes: float = 0.0
    grooves: float = 0.0
    sheen: float = 0.0
    gloss: float = 0.6


def draw_beetle(genome: Beetle, rng: np.random.Generator) -> list[Layer]:
    """Legs, antennae, head, pronotum, wing cases."""
    w, back = genome.width, genome.length
    neck = w * genome.shoulders
    case = [(w * 0.7, 0.22), (w, -0.05), (w * 0.97, -back * 0.45), (w * 0.6, -back * 0.86)]
    shield = [(neck * 0.98, 0.21), (neck, 0.33), (neck * 0.65, 0.50)]
    return [
        Layer(_legs(genome, rng), genome.legs, relief=0.03, gloss=0.2),
        Layer(_feelers(genome, rng), genome.legs, relief=0.02),
        Layer([ellipse((0, 0.57), neck * 0.55, 0.13)], blend(genome.shield, INK, 0.4), 0.1, genome.gloss * 0.6),
        Layer(both_sides([ellipse((neck * 0.46, 0.61), 0.06, 0.07)]), INK, relief=0.05, gloss=0.7),
        Layer([_symmetric((0, 0.2), shield, (0, 0.54))], genome.shield, relief=0.16, gloss=genome.gloss * 0.8),
        Layer([_symmetric((0, 0.22), case, (0, -back))], _case_paint(genome, rng), w * 0.75, genome.gloss),
    ]


def _symmetric(start: tuple[float, float], side: list[tuple[float, float]], end: tuple[float, float]) -> Points:
    return smooth([start, *side, end, *((-x, y) for x, y in reversed(side))])


def _legs(genome: Beetle, rng: np.random.Generator) -> list[Points]:
    shapes = []
    for side in (-1, 1):
        for root, aside, ahead in LEGS:
            step = rng.normal(0, 0.05)
            knee = (genome.width + aside * 0.55, root + ahead * 0.35 + step)
            foot = (genome.width + aside * 0.75, root + ahead + step * 2)
            toe = (foot[0] + 0.05, foot[1] + ahead * 0.3)
            leg = ribbon([(genome.width * 0.4, root), knee, foot, toe], 0.10, 0.075, 0.045, 0.03)
            shapes.append(leg * (side, 1))
    return shapes


def _feelers(genome: Beetle, rng: np.random.Generator) -> list[Points]:
    tip = genome.feeler
    aside = rng.uniform(0.45, 0.75, 2)
    right, left = (ribbon(bow((0.08, 0.65), (0.12 + tip * a, 0.66 + tip * 0.75), -0.18), 0.04, 0.03) for a in aside)
    return [right, mirrored(left)]


def _case_paint(genome: Beetle, rng: np.random.Generator) -> Paint:
    spots = _spots(genome, rng)
    warm, cold = shifted(genome.base, 0.08, 1.0, 1.1), shifted(genome.base, -0.09, 1.0, 0.9)

    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        aside = np.abs(x)
        across = aside / genome.width
        coat = Coat(genome.base, x.shape)
        if genome.sheen:
            towards = x + y * 0.6
            coat.lay(warm, edge(towards, 0.1, 0.7) * genome.sheen).lay(cold, edge(-towards, 0.2, 0.6) * genome.sheen)
        if genome.stripes:
            coat.lay(genome.mark, edge(np.sin(across * (2 * np.pi * genome.stripes)), 0.1, 0.2))
        if genome.grooves:
            coat.dim(1 - genome.grooves * edge(np.sin(across * 44), 0.4, 0.4))
        for right, up, size in spots:
            coat.lay(genome.mark, 1 - edge(radius(aside - right, y - up), size, 0.02))
        return coat.dim(1 - 0.75 * (1 - edge(aside, 0.012, 0.012))).rgb

    return paint


def _spots(genome: Beetle, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Place and radius of each spot of one wing case: two columns, from the front backwards."""
    rows = max((genome.spots + 1) // 2, 1)
    found = []
    for i in range(genome.spots):
        across = (0.30, 0.68)[i % 2] if genome.spots > 1 else 0.45
        down = 0.12 - (i // 2 + 0.25 + 0.4 * (i % 2)) / rows * genome.length * 0.9
        right, up = (float(v) for v in rng.normal((across * genome.width, down), 0.015))
        found.append((right, up, genome.spot * rng.uniform(0.85, 1.15)))
    return found
