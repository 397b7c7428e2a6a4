"""Umbels: many small flowers at the ends of rays from one point, upright on a stem."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.bodies.leaves import BELOW, DEEP_GREEN, GOLDEN_ANGLE, GREEN
from indexer.demo.drawing.colours import Colour, blend
from indexer.demo.drawing.layers import Layer
from indexer.demo.drawing.shapes import Place, Points, bow, ellipse, moved, place, ribbon, rosette, turned

FORK: Place = (0.0, -0.85)
"""Where the rays begin."""


@dataclass(frozen=True, slots=True)
class Umbel:
    """What a species looks like.

    Attributes:
        base: colour of the small flowers.
        centre: colour of their middles.
        stem: colour of stem and rays.
        rays: number of rays.
        florets: small flowers at each ray.
        spread: half width of the umbel.
        dome: how high it is domed.
        tight: radius of the group at each ray.
    """

    base: Colour
    centre: Colour
    stem: Colour = GREEN
    rays: int = 15
    florets: int = 12
    spread: float = 1.0
    dome: float = 0.3
    tight: float = 0.2


def draw_umbel(genome: Umbel, rng: np.random.Generator) -> list[Layer]:
    """Stem, feathery leaves, rays, then the flowers from the back to the front."""
    lean, depth = rng.normal(0, 0.15), rng.uniform(0.3, 0.5)
    angle = np.arange(genome.rays) * GOLDEN_ANGLE
    far = np.sqrt((np.arange(genome.rays) + 0.5) / genome.rays) * genome.spread
    x, back = far * np.cos(angle), far * np.sin(angle)
    ends = np.column_stack([x, genome.dome * (1 - far**2) - back * depth])
    rays = [ribbon(bow(FORK, place(end), -0.12 * end[0], 8), 0.045, 0.02) for end in ends]
    stem = ribbon(bow(FORK, (lean * 2, BELOW), lean * 0.2), 0.06, 0.1)
    layers = [Layer([stem, *rays], genome.stem, relief=0.03), Layer(_feathers(lean, rng), genome.stem, relief=0.02)]
    for i in np.argsort(back):
        layers += _umbellet(genome, place(ends[i]), depth, rng)
    return layers


def _feathers(lean: float, rng: np.random.Generator) -> list[Points]:
    """Two leaves of thin leaflets."""
    shapes = []
    for side in (-1, 1):
        root = np.array([lean * 0.6, -1.5 + rng.normal(0, 0.15)])
        along = np.array([side, 0.25])
        shapes.append(ribbon([place(root), place(root + along)], 0.035))
        for t in np.linspace(0.15, 1, 8):
            at, out = root + t * along, 0.3 * (1.2 - t)
            shapes += [ribbon([place(at), place(moved(at, (side * 0.2, up * out)))], 0.05, 0.015) for up in (-1, 1)]
    return shapes


def _umbellet(genome: Umbel, end: Place, depth: float, rng: np.random.Generator) -> list[Layer]:
    k = np.arange(genome.florets)
    far, angle = genome.tight * np.sqrt((k + 0.5) / genome.florets), k * GOLDEN_ANGLE + rng.uniform(0, 6)
    places = np.column_stack([far * np.cos(angle), far * np.sin(angle) * max(depth * 1.5, 0.5) + 0.03]) + end
    turns = rng.uniform(0, 2, genome.florets)
    flower, middle = rosette(0.075), ellipse((0, 0), 0.017, 0.015, corners=6)
    tone = blend(genome.base, DEEP_GREEN, rng.uniform(0, 0.16))
    flowers = [moved(turned(flower, t) * (1, 0.85), at) for t, at in zip(turns, places, strict=True)]
    return [
        Layer(flowers, tone, relief=0.05),
        Layer([middle + at for at in places], genome.centre, relief=0.0),
    ]
