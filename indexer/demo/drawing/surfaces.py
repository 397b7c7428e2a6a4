"""What lies beneath, in focus: a leaf, sand, bark, fallen leaves, moss, stone, a wall, wood."""

import math

import numpy as np

from indexer.demo.drawing.colours import Coat, Colour, blend, edge, rgb, ridge, shifted
from indexer.demo.drawing.shapes import Points, blade, moved, turned
from indexer.demo.drawing.textures import Size, anywhere, clouds, fields, out_of_focus, tone
from reverse_search.domain.arrays import FloatArray

AUTUMN = ("7a5230", "9a6a38", "5f4028", "a8804c", "6e5a3c", "85462a")
PLASTER = ("d8d2c4", "c4b8a4", "a8b0a8", "b89a80")
SOIL, PEBBLE, LICHEN, YELLOW_LICHEN = rgb("2c2018"), rgb("7a6a58"), rgb("9aa88a"), rgb("b8b48a")
LEAF_VEIN, MOSS_SHADE = rgb("e4f0b0"), rgb("1c2410")


def leaf(size: Size, rng: np.random.Generator) -> FloatArray:
    """The surface of one large leaf, with its veins; sometimes its edge is in the picture."""
    base = tone("5b8f35", rng, hue=0.025, vivid=(0.8, 1.1), bright=(0.75, 1.15))
    x, y = (field - 0.5 for field in fields(size))
    turn = rng.uniform(0, np.pi)
    c, s = math.cos(turn), math.sin(turn)
    along, across = x * c + y * s, y * c - x * s + rng.uniform(-0.25, 0.25)
    slant = (along - np.abs(across) * 0.8) * rng.uniform(5, 8)
    from_vein = np.abs(slant - np.round(slant))
    coat = Coat(base, x.shape).dim(1 + 0.07 * clouds(size, (70, 25, 6), rng))
    coat.dim(0.9 + 0.22 * edge(from_vein, 0.25, 0.25))
    pale = blend(base, LEAF_VEIN, 0.5)
    coat.lay(pale, (1 - edge(from_vein, 0.02, 0.035)) * 0.7).lay(pale, 1 - edge(np.abs(across), 0.008, 0.012))
    if rng.random() < 0.6:
        margin = across * (1 if rng.random() < 0.5 else -1) + 0.45 * along**2
        coat.lay(shifted(base, 0.02, 0.9, 0.35), edge(margin, rng.uniform(0.33, 0.5), 0.008))
    return coat.rgb


def sand(size: Size, rng: np.random.Generator) -> FloatArray:
    """Grains, and pebbles among them."""
    base = tone("c8b083", rng, vivid=(0.7, 1.1))
    grain = rng.standard_normal((size[1], size[0]), dtype=np.float32)
    coat = Coat(base, grain.shape).dim(1 + 0.05 * clouds(size, (90, 30, 9), rng) + 0.09 * grain)
    stones = clouds(size, (16,), rng)
    coat.lay(blend(base, PEBBLE, 0.6), edge(stones, 1.9, 0.12))
    return coat.dim(1 - 0.25 * ridge(stones, 1.75, 0.08, 0.1)).rgb


def bark(size: Size, rng: np.random.Generator) -> FloatArray:
    """Ridges along a trunk, with lichen."""
    base = tone("6b5644", rng, vivid=(0.5, 1.1), bright=(0.7, 1.3))
    furrow = np.abs(clouds(size, (34, 15, 6), rng, stretch=rng.uniform(3, 6)))
    coat = Coat(base, furrow.shape).dim(0.5 + 0.55 * edge(furrow, 0.35, 0.35))
    coat.dim(1 + 0.08 * clouds(size, (4, 2.2), rng))
    return coat.lay(LICHEN, edge(clouds(size, (60, 22, 8), rng), rng.uniform(1.0, 2.6), 0.25) * 0.7).rgb


def litter(size: Size, rng: np.random.Generator) -> FloatArray:
    """Fallen leaves."""
    things: list[tuple[Points, Colour]] = []
    for _ in range(75):
        shape = turned(blade(rng.uniform(0.14, 0.3), rng.uniform(0.06, 0.13)), rng.uniform(0, 6.3))
        shape, brown = moved(shape, anywhere(size, rng)), tone(AUTUMN[rng.integers(len(AUTUMN))], rng, 0.01)
        middle = shape.mean(axis=0)
        things += [
            (moved(shape, (0.006, 0.01)), blend(brown, SOIL, 0.75)),
            (shape, brown),
            ((shape - middle) * 0.8 + middle, shifted(brown, 0, 1, 1.12)),
        ]
    picture = out_of_focus(size, SOIL, things, blur=2)
    return np.asarray(picture * (1 + 0.06 * clouds(size, (20, 7, 3), rng)))


def moss(size: Size, rng: np.random.Generator) -> FloatArray:
    """A soft green carpet."""
    base = tone("5d7a2c", rng, bright=(0.7, 1.15))
    humps, tips = clouds(size, (60, 26), rng), clouds(size, (6, 3), rng)
    coat = Coat(base, humps.shape).dim(0.8 + 0.17 * humps)
    coat.lay(shifted(base, 0.02, 0.9, 1.6), edge(tips + humps * 0.4, 1.2, 0.6))
    return coat.lay(MOSS_SHADE, edge(-tips - humps * 0.3, 1.3, 0.6) * 0.7).rgb


def stone(size: Size, rng: np.random.Generator) -> FloatArray:
    """Rock with lichen and cracks."""
    base = tone("8e8a84", rng, hue=0.05, vivid=(0.5, 2.0), bright=(0.7, 1.15))
    coat = Coat(base, (size[1], size[0])).dim(1 + 0.09 * clouds(size, (110, 40, 14, 4, 2), rng))
    coat.lay(YELLOW_LICHEN, edge(clouds(size, (48, 16, 5), rng), rng.uniform(1.2, 2.4), 0.2) * 0.75)
    crack = np.abs(clouds(size, (150, 50, 20), rng))
    return coat.dim(1 - 0.5 * (1 - edge(crack, 0.02))).rgb


def wall(size: Size, rng: np.random.Generator) -> FloatArray:
    """Plaster, or painted boards."""
    x, _ = fields(size)
    coat = Coat(rgb(PLASTER[rng.integers(len(PLASTER))]), x.shape).dim(1 + 0.025 * clouds(size, (80, 20, 5, 2), rng))
    if rng.random() < 0.4:
        board = x * rng.uniform(2, 5) + rng.uniform(0, 1)
        coat.dim(1 - 0.45 * (1 - edge(np.abs(board - np.round(board)), 0.012, 0.012)))
    return coat.rgb


def wood(size: Size, rng: np.random.Generator) -> FloatArray:
    """A weathered board with its grain."""
    base = tone("a08a70", rng, hue=0.015, vivid=(0.4, 1.2))
    x, y = fields(size)
    bent = y * rng.uniform(14, 24) + x * rng.uniform(-2, 2) + 0.8 * clouds(size, (120, 60), rng)
    lines = np.sin(bent * 3) * 0.5 + np.sin(bent * 11) * 0.3
    return Coat(base, x.shape).dim(1 + 0.07 * lines + 0.04 * clouds(size, (3, 12), rng)).rgb
