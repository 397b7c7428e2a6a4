"""Jellyfishes, seen from the side, bells upwards."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.drawing.colours import WHITE, Coat, Colour, blend, edge, radius
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Points, ribbon, smooth
from reverse_search.domain.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Jellyfish:
    """What a species looks like.

    Attributes:
        base: colour of the bell.
        mark: colour of what shines through it.
        arms: number of frilled arms.
        threads: number of thin tentacles.
        tall: height of the bell.
        trail: length of arms and tentacles.
    """

    base: Colour
    mark: Colour
    arms: int = 4
    threads: int = 11
    tall: float = 0.75
    trail: float = 1.3


def draw_jellyfish(genome: Jellyfish, rng: np.random.Generator) -> list[Layer]:
    """Tentacles, arms, bell."""
    pulse, drift = rng.uniform(0.85, 1.1), rng.normal(0, 0.15)
    h, w = genome.tall * pulse, 0.72 / pulse
    right = [(w * 0.62, h * 0.82), (w, h * 0.2), (w * 0.92, -0.08), (w * 0.5, -0.02)]
    bell = smooth([(0, h), *right, (0, 0.04), *((-x, y) for x, y in reversed(right))])
    roots = np.linspace(-0.88, 0.88, genome.threads)
    threads = [_strand(x * w, genome.trail * rng.uniform(0.7, 1.1), drift, 0.02, rng) for x in roots]
    arms = [_strand(x * w, genome.trail * 0.75, drift, 0.13, rng) for x in np.linspace(-0.3, 0.3, genome.arms)]
    return [
        Layer(threads, blend(genome.base, WHITE, 0.3), relief=0.0, opacity=0.55),
        Layer(arms, genome.mark, relief=0.06, opacity=0.75),
        Layer([bell], _bell(genome, h, w), relief=0.25, gloss=0.25),
    ]


def _strand(root: float, length: float, drift: float, thick: float, rng: np.random.Generator) -> Points:
    """A tentacle, frilled if it is thick."""
    t = np.linspace(0, 1, 24)
    wave = np.sin(t * rng.uniform(6, 9) + rng.uniform(0, 6)) * 0.05 * (0.3 + t)
    line = np.column_stack([root * (1 - 0.35 * t) + wave + drift * t * t, -0.03 - t * length])
    frill = (1 + 0.5 * np.sin(t * 40)) * (1.05 - t) if thick > 0.05 else 1.1 - t
    return ribbon(line, *(thick * frill).tolist())


def _bell(genome: Jellyfish, height: float, width: float) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        across, up = x / width, y / height
        rim = radius(across, up)
        coat = Coat(genome.base, x.shape).lay(WHITE, edge(rim, 0.85, 0.2) * 0.5)
        folds = np.abs(np.sin(np.arctan2(across, up + 0.5) * 14))
        coat.lay(genome.mark, (1 - edge(folds, 0.3, 0.3)) * 0.5)
        for middle in (-0.34, 0.0, 0.34):
            ring = np.abs(radius((across - middle) * 1.4, up - 0.42) - 0.17)
            coat.lay(genome.mark, 1 - edge(ring, 0.05, 0.04))
        return coat.see_through(0.5 + 0.4 * edge(rim, 0.7, 0.35))

    return paint
