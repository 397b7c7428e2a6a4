"""What lies far behind: foliage, meadow, sky, water, woods."""

import numpy as np

from indexer.demo.drawing.colours import WHITE, Coat, Colour, blend, edge, rgb, shifted
from indexer.demo.drawing.shapes import Points, blade, ellipse, moved, turned
from indexer.demo.drawing.surfaces import litter, moss
from indexer.demo.drawing.textures import Size, anywhere, clouds, fields, out_of_focus, tone
from reverse_search.domain.arrays import FloatArray

BLOSSOMS = tuple(rgb(text) for text in ("f0e8f0", "e8d040", "c070c0", "e07868"))
SUNLIGHT, HAZE, CLOUD = rgb("f4f6c8"), rgb("dfe8d8"), rgb("fafafc")
PALE_WATER, DARK_WATER, SPECK = rgb("d8f4f0"), rgb("0c2430"), rgb("d8f0ff")
DUSK = (0.75, 0.62, 0.55)
"""What dim woods leave of red, green and blue."""


def foliage(size: Size, rng: np.random.Generator) -> FloatArray:
    """Leaves, with discs of light."""
    base = tone("4a6e34", rng, hue=0.03, bright=(0.6, 1.3))
    things: list[tuple[Points, Colour]] = []
    for _ in range(22):
        leaf = turned(blade(rng.uniform(0.2, 0.5), rng.uniform(0.08, 0.2)), rng.uniform(0, 6.3))
        green = shifted(base, rng.normal(0, 0.025), 1.0, rng.uniform(0.55, 1.7))
        things.append((moved(leaf, anywhere(size, rng)), green))
    for _ in range(rng.integers(4, 14)):
        disc = rng.uniform(0.015, 0.05)
        light = blend(base, SUNLIGHT, rng.uniform(0.35, 0.8))
        things.append((ellipse(anywhere(size, rng, 0.0), disc, disc, corners=14), light))
    return out_of_focus(size, base, things, blur=7)


def meadow(size: Size, rng: np.random.Generator) -> FloatArray:
    """Grass and flowers, hazier towards the top."""
    base = tone("7a9a48", rng, hue=0.03, bright=(0.8, 1.2))
    tall = size[1] / size[0]
    haze = blend(base, HAZE, rng.uniform(0.2, 0.8))
    things: list[tuple[Points, Colour]] = []
    for share in np.linspace(1, 0, 12, endpoint=False):
        depth = 0.75 * tall * float(share)
        things.append((np.array([(0, 0), (1, 0), (1, depth), (0, depth)]), blend(haze, base, float(share))))
    for _ in range(46):
        grass = turned(blade(rng.uniform(0.3, 0.9), rng.uniform(0.012, 0.03)), np.pi + rng.normal(0, 0.25))
        green = shifted(base, rng.normal(0, 0.02), 1.0, rng.uniform(0.55, 1.25))
        things.append((moved(grass, (rng.uniform(0, 1), tall * 1.05)), green))
    blossom = BLOSSOMS[rng.integers(len(BLOSSOMS))]
    for _ in range(rng.integers(3, 12)):
        disc = rng.uniform(0.012, 0.035)
        things.append((ellipse((rng.uniform(0, 1), rng.uniform(0.2, 1) * tall), disc, disc, corners=12), blossom))
    return out_of_focus(size, base, things, blur=5)


def sky(size: Size, rng: np.random.Generator) -> FloatArray:
    """Blue with clouds, hills at the bottom."""
    x, y = fields(size)
    coat = Coat(tone("4f8fd0", rng, hue=0.015, bright=(1.0, 1.0)), x.shape).lay(HAZE, edge(y, 0.8, 0.7))
    coat.lay(CLOUD, edge(clouds(size, (130, 60, 28), rng, 0.5), rng.uniform(0.4, 1.4), 0.8) * 0.85)
    hill = y + 0.06 * np.sin(x * rng.uniform(3, 8) + rng.uniform(0, 6))
    return coat.lay(tone("6f8f5c", rng, hue=0.03), edge(hill, rng.uniform(0.8, 1.1), 0.04)).rgb


def water(size: Size, rng: np.random.Generator) -> FloatArray:
    """Under water: light from above, weed below."""
    x, y = fields(size)
    base = tone("2f7f9c", rng, hue=0.03, vivid=(0.8, 1.1), bright=(0.7, 1.15))
    coat = Coat(base, x.shape).lay(blend(base, PALE_WATER, 0.55), edge(-y, -0.1, 0.4))
    coat.lay(blend(base, DARK_WATER, 0.6), edge(y, 0.85, 0.5))
    beams = clouds((size[0], 12), (40, 18), rng)[:1].repeat(size[1], axis=0)
    coat.dim(1 + 0.09 * beams * (1 - y))
    if rng.random() < 0.75:
        coat.lay(tone("2f5f48", rng, hue=0.05), _weed(size, rng) * 0.75)
    return coat.lay(SPECK, edge(clouds(size, (5,), rng), 2.6, 0.3) * 0.35).rgb


def _weed(size: Size, rng: np.random.Generator) -> FloatArray:
    """(h, w) where there is some."""
    floor = size[1] / size[0] * 1.05
    stalks = [
        moved(turned(blade(rng.uniform(0.2, 0.7), rng.uniform(0.03, 0.07)), np.pi + rng.normal(0, 0.3)), (x, floor))
        for x in rng.uniform(0, 1, 9)
    ]
    return np.asarray(out_of_focus(size, (0.0, 0.0, 0.0), [(stalk, WHITE) for stalk in stalks], blur=4)[0])


def deep_water(size: Size, rng: np.random.Generator) -> FloatArray:
    """Dark open water with drifting specks."""
    x, y = fields(size)
    coat = Coat(tone("0a1838", rng, bright=(1.0, 1.0)), x.shape)
    glow = (x - rng.uniform(0.3, 0.7)) ** 2 + (y - rng.uniform(0, 0.4)) ** 2
    coat.lay(rgb("2a5f98"), (1 - edge(glow, 0.25, 0.4)) * 0.6)
    return coat.lay(SPECK, edge(clouds(size, (4,), rng), 2.5, 0.3) * 0.6).rgb


def forest(size: Size, rng: np.random.Generator) -> FloatArray:
    """Moss or fallen leaves in front, dim woods behind."""
    _, y = fields(size)
    ground = (moss if rng.random() < 0.5 else litter)(size, rng)
    behind = foliage(size, rng) * np.array(DUSK, dtype=np.float32)[:, None, None]
    near = edge(y + 0.02 * clouds(size, (60, 20), rng), rng.uniform(0.55, 0.72), 0.06)
    return np.asarray(behind + near * (ground * (0.6 + 0.4 * y) - behind))
