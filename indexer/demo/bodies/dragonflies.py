"""Dragonflies, seen from above with four wings held out; heads point upwards."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.drawing.colours import INK, Coat, Colour, blend, edge, rgb, ridge
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import both_sides, bow, ellipse, moved, ribbon, smooth, turned
from reverse_search.domain.arrays import FloatArray

WINGS = ((-0.22, 0.05, 0.95), (0.10, 0.2, 1.0))
"""Of each pair of wings: its angle, where it is rooted, its length."""
GLASS = rgb("ebf2f8")


@dataclass(frozen=True, slots=True)
class Dragonfly:
    """What a species looks like.

    Attributes:
        base: colour of the abdomen.
        mark: colour of the rings on the abdomen, and of its tip.
        eyes: colour of the eyes.
        tint: colour of the wings' patches.
        slender: half width of the abdomen.
        tail: length of the abdomen.
        wing: length of a wing.
        broad: width of a wing.
        patch: how far patches of colour reach into the wings.
        window: how far out a dark band lies on the wings; 0 for none.
        rings: number of rings.
    """

    base: Colour
    mark: Colour
    eyes: Colour
    tint: Colour
    slender: float = 0.055
    tail: float = 1.05
    wing: float = 1.0
    broad: float = 0.22
    patch: float = 0.0
    window: float = 0.0
    rings: int = 8


def draw_dragonfly(genome: Dragonfly, rng: np.random.Generator) -> list[Layer]:
    """Legs, wings, abdomen, thorax, head."""
    lean, bend, s = rng.normal(0, 0.05), rng.normal(0, 0.06), genome.slender
    wings = [
        _wing(genome, float(angle + lean + rng.normal(0, 0.04)), root, genome.wing * length, side)
        for angle, root, length in WINGS
        for side in (-1, 1)
    ]
    abdomen = bow((0, 0.0), (bend * 2, -genome.tail), bend, 22)
    legs = [ribbon([(0.06, 0.3), (0.24, 0.42), (0.3, 0.62)], 0.035, 0.02), ribbon([(0.06, 0.2), (0.28, 0.26)], 0.028)]
    return [
        Layer(both_sides(legs), INK, relief=0.02),
        *wings,
        Layer([ribbon(abdomen, s * 2.6, s * 1.7, s * 1.8, s * 2.0, s * 1.3)], _rings(genome), s * 1.2, gloss=0.35),
        Layer([ellipse((0, 0.16), s * 2.3, 0.23)], blend(genome.base, genome.mark, 0.35), relief=0.11, gloss=0.2),
        Layer([ellipse((0, 0.42), 0.12, 0.07)], genome.mark, relief=0.05),
        Layer(both_sides([ellipse((0.085, 0.45), 0.095, 0.09)]), genome.eyes, relief=0.09, gloss=0.9),
    ]


def _wing(genome: Dragonfly, angle: float, root: float, reach: float, side: int) -> Layer:
    b = genome.broad
    front = [(0.0, 0.0), (reach * 0.35, b * 0.32), (reach * 0.9, b * 0.35), (reach, 0.0)]
    flat = smooth([*front, (reach * 0.85, -b * 0.5), (reach * 0.4, -b * 0.6), (reach * 0.1, -b * 0.3)])
    c, s = float(np.cos(angle)), float(np.sin(angle))

    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        x, y = x * side - 0.05, y - root
        out, up = (x * c + y * s) / reach, y * c - x * s
        cells = np.minimum(np.abs(np.sin(out * 55 + up * 20)), np.abs(np.sin(up * 50 - out * 9)))
        veins = (1 - edge(cells, 0.16, 0.14)) * 0.55
        patch = 1 - edge(out, genome.patch, 0.08) if genome.patch else np.zeros_like(out)
        window = ridge(out, genome.window, 0.09) if genome.window else patch
        colour = np.maximum(patch, window) * 0.85
        dark = np.maximum(veins, ridge(out, 0.86, 0.035, 0.01) * edge(up, b * 0.2, 0.02))
        front_edge = edge(up, b * 0.24) * 0.4
        coat = Coat(GLASS, x.shape).lay(genome.tint, colour).lay(INK, dark)
        return coat.see_through(np.maximum(np.maximum(colour, dark), np.maximum(front_edge, 0.28)))

    return Layer([moved(turned(flat, angle), (0.05, root)) * (side, 1)], paint, relief=0.0)


def _rings(genome: Dragonfly) -> Paint:
    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        down = -y / genome.tail
        phase = down * genome.rings
        coat = Coat(genome.base, x.shape).lay(genome.mark, edge(phase - np.floor(phase), 0.8, 0.06))
        return coat.lay(genome.mark, edge(down, 0.9, 0.02)).rgb

    return paint
