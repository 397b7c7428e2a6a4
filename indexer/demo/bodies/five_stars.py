"""A shrub's flowers with few broad petals, in a loose group over leaves."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.bodies.leaves import BELOW, DEEP_GREEN, GOLDEN_ANGLE, GREEN, draw_leaves
from indexer.demo.drawing.colours import WHITE, Coat, Colour, blend, edge, radius, rgb
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Place, Points, blade, bow, ellipse, moved, place, ribbon, turned
from reverse_search.domain.arrays import FloatArray

FLOWERS = ((0.0, 0.0, 1.0), (1.05, -0.75, 0.72), (-1.0, -0.85, 0.66), (-0.8, 0.95, 0.6))
"""Place and size of the flowers of a group."""
TWIG, STIGMA = rgb("5a4630"), rgb("c8d070")


@dataclass(frozen=True, slots=True)
class FiveStar:
    """What a species looks like.

    Attributes:
        base: colour of the petals.
        inner: colour of the petals near the middle.
        anther: colour of the stamens' ends.
        petals: number of petals.
        broad: width of a petal.
        fullness: above 1 the petals are widest near the tip.
        notch: how deep the petals' tips are cut in.
        stamens: number of stamens.
        veins: how strong lines on the petals are.
        flowers: in a group, at most four.
        foliage: colour of the leaves.
    """

    base: Colour
    inner: Colour
    anther: Colour
    petals: int = 5
    broad: float = 0.85
    fullness: float = 1.5
    notch: float = 0.0
    stamens: int = 14
    veins: float = 0.3
    flowers: int = 2
    foliage: Colour = DEEP_GREEN


def draw_five_star(genome: FiveStar, rng: np.random.Generator) -> list[Layer]:
    """Twig and leaves, then each flower."""
    twig = ribbon(bow((0.2, 0), (-0.6, BELOW), 0.1, 20), 0.1)
    leaves = [
        moved(turned(blade(rng.uniform(1.1, 1.6), rng.uniform(0.5, 0.7), fullness=0.9), angle), (0.0, -0.2))
        for angle in rng.uniform(0, 2 * np.pi) + np.arange(7) * 0.9
    ]
    layers = [Layer([twig], TWIG, relief=0.05)]
    for i in range(2):
        layers += draw_leaves(leaves[i::2], blend(genome.foliage, GREEN, 0.3 * i))
    for x, y, size in reversed(FLOWERS[: genome.flowers]):
        centre = x + rng.normal(0, 0.08), y + rng.normal(0, 0.08)
        layers += _flower(genome, centre, size, rng)
    return layers


def _flower(genome: FiveStar, centre: Place, size: float, rng: np.random.Generator) -> list[Layer]:
    flat, tilt = rng.uniform(0.68, 1.0), rng.uniform(0, 2 * np.pi)

    def placed(points: Points) -> Points:
        return moved(turned(turned(points, tilt) * (1, flat), 0.4 * tilt) * size, centre)

    petals = []
    for angle in np.arange(genome.petals) * 2 * np.pi / genome.petals + rng.normal(0, 0.06, genome.petals):
        petal = blade(rng.uniform(0.9, 1.02), genome.broad, fullness=genome.fullness, notch=genome.notch)
        petals.append(placed(turned(petal, angle)))
    # Neighbours go to different layers, so that each petal has an edge of its own.
    groups = [petals[:-1:2], petals[1::2], petals[-1:]] if genome.petals % 2 else [petals[::2], petals[1::2]]
    paint = _petal_paint(genome, centre, size)
    angles = np.arange(genome.stamens) * GOLDEN_ANGLE
    ends = rng.uniform(0.2, 0.36, genome.stamens)[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    threads = [placed(ribbon([(0, 0), place(end)], 0.018)) for end in ends]
    anthers = [placed(ellipse(place(end), 0.036, 0.036, corners=10)) for end in ends]
    return [
        *(Layer(group, paint, relief=0.1 * size) for group in groups),
        Layer([placed(ellipse((0, 0), 0.1, 0.1))], blend(genome.inner, STIGMA, 0.6), relief=0.06 * size),
        Layer(threads, blend(genome.inner, WHITE, 0.6), relief=0.0, opacity=0.8),
        Layer(anthers, genome.anther, relief=0.03 * size),
    ]


def _petal_paint(genome: FiveStar, centre: Place, size: float) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        u, v = (x - centre[0]) / size, (y - centre[1]) / size
        far = radius(u, v)
        lines = edge(np.sin(np.arctan2(v, u) * 38), 0.5, 0.5) * edge(far, 0.2, 0.1) * (1 - edge(far, 0.75, 0.2))
        coat = Coat(genome.inner, x.shape).lay(genome.base, edge(far, 0.32, 0.22))
        coat.lay(blend(genome.base, genome.inner, 0.7), lines * genome.veins)
        return coat.dim(0.82 + 0.2 * edge(far, 0.6, 0.4)).rgb

    return paint
