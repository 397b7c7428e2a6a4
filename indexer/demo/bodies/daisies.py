"""Flower heads with rays around a disc, upright on a stem."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.bodies.leaves import BELOW, GOLDEN_ANGLE, GREEN, draw_leaves
from indexer.demo.drawing.colours import Coat, Colour, edge, radius
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Points, blade, bow, ellipse, moved, ribbon, turned
from reverse_search.domain.arrays import FloatArray

FLORETS = 119


@dataclass(frozen=True, slots=True)
class Daisy:
    """What a species looks like.

    Attributes:
        base: colour of the rays.
        inner: colour of the rays near the disc.
        disc: colour of the disc.
        dots: colour of the disc's florets.
        rays: number of rays in a ring.
        rings: of rays.
        ray: width of a ray.
        fullness: above 1 the rays are widest near the tip.
        notch: how deep their tips are cut in.
        middle: radius of the disc.
        leaf: length of the leaves.
    """

    base: Colour
    inner: Colour
    disc: Colour
    dots: Colour
    rays: int = 18
    rings: int = 1
    ray: float = 0.22
    fullness: float = 1.3
    notch: float = 0.0
    middle: float = 0.28
    leaf: float = 0.9


def draw_daisy(genome: Daisy, rng: np.random.Generator) -> list[Layer]:
    """Stem, leaves, rings of rays, disc."""
    lean, flat = rng.normal(0, 0.25), rng.uniform(0.62, 1.0)
    layers = _stem_and_leaves(lean, genome.leaf, rng)
    for ring in range(genome.rings, 0, -1):
        reach, start = 1.0 - 0.16 * (genome.rings - ring), rng.uniform(0, 2 * np.pi)
        for i in range(2):  # every other ray lies below its neighbours
            angles = start + np.arange(i, genome.rays, 2) * 2 * np.pi / genome.rays
            rays = [_ray(genome, a + rng.normal(0, 0.04), reach * rng.uniform(0.93, 1.04), flat) for a in angles]
            layers.append(Layer(rays, _ray_paint(genome, flat, 0.86 + 0.14 * i), relief=0.05))
    return [*layers, *_disc(genome, flat, rng)]


def _stem_and_leaves(lean: float, leaf: float, rng: np.random.Generator) -> list[Layer]:
    stem = ribbon(bow((0, 0), (lean * 2, BELOW), lean * 0.15, 20), 0.085)
    leaves = []
    for side in (-1, 1):
        down = rng.uniform(-1.7, -1.0)
        shape = blade(leaf * rng.uniform(0.8, 1.2), leaf * 0.36, fullness=0.8)
        leaves.append(moved(turned(shape, -side * rng.uniform(0.7, 1.3)), (lean * (down / BELOW) * 2, down)))
    return [Layer([stem], GREEN, relief=0.05), *draw_leaves(leaves, GREEN)]


def _ray(genome: Daisy, angle: float, reach: float, flat: float) -> Points:
    root = genome.middle * 0.6
    ray = blade(reach - root, genome.ray, fullness=genome.fullness, notch=genome.notch)
    return turned(moved(ray, (0, root)), angle) * (1, flat)


def _ray_paint(genome: Daisy, flat: float, light: float) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        y = y / flat
        far = radius(x, y)
        streaks = np.sin(np.arctan2(y, x) * (genome.rays * 3))
        coat = Coat(genome.inner, x.shape).lay(genome.base, edge(far, genome.middle + 0.18, 0.15))
        return coat.dim((1 + 0.05 * streaks) * light * (0.75 + 0.25 * edge(far, 0.45, 0.3))).rgb

    return paint


def _disc(genome: Daisy, flat: float, rng: np.random.Generator) -> list[Layer]:
    """Florets in the spirals of a sunflower (Vogel, 1979)."""
    k = np.arange(1, FLORETS + 1)
    far, angle = genome.middle * np.sqrt(k / (FLORETS + 1)), k * GOLDEN_ANGLE + rng.uniform(0, 6)
    floret = ellipse((0, 0), 0.016 + genome.middle * 0.022, 0.016 + genome.middle * 0.02, corners=8)
    places = np.column_stack([far * np.cos(angle), far * np.sin(angle) * flat])
    return [
        Layer([ellipse((0, 0), genome.middle, genome.middle * flat)], genome.disc, relief=genome.middle * 0.7),
        Layer([floret + place for place in places], genome.dots, relief=0.02, opacity=0.85),
    ]
