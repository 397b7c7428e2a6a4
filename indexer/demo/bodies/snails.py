"""Snails, seen from the side, crawling to the right."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.drawing.colours import INK, WHITE, Coat, Colour, blend, edge, radius, ridge
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Place, Points, bow, ellipse, moved, ribbon, smooth, turned
from reverse_search.domain.arrays import FloatArray

SHELL: Place = (-0.1, 0.02)
"""Where the shell's middle is."""
APEX: Place = (0.06, 0.05)
"""Where the coil begins, from there."""
FEELERS = ((0.22, 0.38, 0.0), (0.02, 0.42, -0.05), (0.16, 0.02, 0.06))
"""Of each feeler: how far forwards and upwards it points, and where on the head it is rooted."""


@dataclass(frozen=True, slots=True)
class Snail:
    """What a species looks like.

    Attributes:
        base: colour of the shell.
        mark: colour of bands and rays on it.
        flesh: colour of foot and head.
        tightness: how little each whorl of the shell is wider than the one before.
        height: of the shell, relative to its width.
        bands: dark bands along each whorl.
        rays: how strong dark rays across the whorls are.
        tilt: how the shell is carried, radians.
    """

    base: Colour
    mark: Colour
    flesh: Colour
    tightness: float = 1.25
    height: float = 1.0
    bands: int = 0
    rays: float = 0.0
    tilt: float = 0.0


def draw_snail(genome: Snail, rng: np.random.Generator) -> list[Layer]:
    """Feelers, foot, shell."""
    lift, front = rng.normal(0, 0.06), 0.95 * rng.uniform(0.9, 1.12)
    head = [(front - 0.12, -0.05 + lift), (front, lift), (front + 0.08, -0.16 + lift), (front - 0.02, -0.42)]
    back = [(-front * 1.05, -0.62), (-0.6, -0.52), (0, -0.4), (0.45, -0.35)]
    foot = smooth([*back, *head, (0.62, -0.66), (0, -0.68), (-0.6, -0.67)])
    shell = moved(turned(ellipse((0, 0), 0.66, 0.66 * genome.height, corners=60), genome.tilt), SHELL)
    return [
        Layer(_feelers(front, lift, rng), blend(genome.flesh, INK, 0.2), relief=0.025),
        Layer([foot], _skin(genome), relief=0.12, gloss=0.25),
        Layer([shell], _whorls(genome), relief=0.3, gloss=0.45),
    ]


def _feelers(front: float, lift: float, rng: np.random.Generator) -> list[Points]:
    shapes = []
    for ahead, up, root in FEELERS:
        end = (front + ahead + rng.normal(0, 0.03), lift + up + rng.normal(0, 0.03))
        line = bow((front - 0.04 + root, -0.04 + lift - max(0, 0.1 - up)), end, rng.normal(0, 0.08), 8)
        shapes += [ribbon(line, 0.07, 0.045), ellipse(end, 0.036, 0.036)]
    return shapes


def _skin(genome: Snail) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        warts = np.sin(x * 48 + np.sin(y * 33)) * np.sin(y * 46)
        return Coat(genome.flesh, x.shape).dim(1 + 0.1 * warts).rgb

    return paint


def _whorls(genome: Snail) -> Paint:
    """A logarithmic spiral: the whorl that a place belongs to follows from its distance and direction."""
    c, s = float(np.cos(genome.tilt)), float(np.sin(genome.tilt))

    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        x, y = x - SHELL[0], y - SHELL[1]
        u, v = x * c + y * s - APEX[0], (y * c - x * s) / genome.height - APEX[1]
        direction = np.arctan2(v, u)
        phase = np.log(radius(u, v) / 0.6 + 1e-4) * genome.tightness - direction / (2 * np.pi)
        within = phase - np.floor(phase)
        coat = Coat(genome.base, x.shape).lay(blend(genome.base, WHITE, 0.5), ridge(within, 0.55, 0.1, 0.25) * 0.5)
        if genome.bands:
            wave = np.sin((within - 0.12) * (2 * np.pi * genome.bands))
            coat.lay(genome.mark, edge(wave, 0.25, 0.3) * edge(within, 0.12, 0.05))
        if genome.rays:
            wave = np.sin(phase * (2 * np.pi * 13) + np.sin(within * 6))
            coat.lay(genome.mark, edge(wave, 0.5, 0.4) * genome.rays)
        seam = edge(np.minimum(within, 1 - within), 0.1, 0.12)
        return coat.dim((1 + 0.04 * np.sin(direction * 60)) * (0.35 + 0.75 * seam)).rgb

    return paint
