"""Butterflies and moths, seen from above with open wings; heads point upwards."""

from dataclasses import dataclass

import numpy as np

from indexer.demo.drawing.colours import INK, WHITE, Coat, Colour, blend, edge, radius, rgb, ridge
from indexer.demo.drawing.layers import Layer, Paint
from indexer.demo.drawing.shapes import Place, Points, both_sides, bow, ellipse, moved, place, ribbon, smooth, turned
from reverse_search.domain.arrays import FloatArray

DARK_FUR = rgb("2a1d14")
SHIMMER = rgb("80b2ff")
EYE_SPOTS: dict[bool, Place] = {True: (0.68, 0.62), False: (0.62, -0.75)}
"""Fore wing or not → wing coordinates of its eyespot."""


@dataclass(frozen=True, slots=True)
class Butterfly:
    """What a species looks like. A moth has swept wings, a stout body and feathered antennae.

    Attributes:
        base: colour of the wings near the body.
        outer: colour of the wings further out.
        mark: colour of rim, bands and veins.
        accent: colour of pearls, stripe and eyespots.
        body: colour of the body.
        reach: length of the fore wing.
        sweep: how far the fore wing points backwards, radians.
        hind: size of the hind wing.
        tail: length of the hind wing's tail.
        scallop: how wavy the margin is.
        stout: half width of the body.
        feathered: whether the antennae are.
        rim: width of the dark margin, as a share of the wing.
        pearls: number of light spots in the margin.
        bands: number of dark cross bands.
        stripe: width of a light band across both wings.
        eye: radius of an eyespot on each wing.
        tip: how much of the fore wing's tip is dark.
        veins: how strong the veins show.
    """

    base: Colour
    outer: Colour
    mark: Colour
    accent: Colour
    body: Colour = DARK_FUR
    reach: float = 1.0
    sweep: float = 0.0
    hind: float = 1.0
    tail: float = 0.0
    scallop: float = 0.02
    stout: float = 0.07
    feathered: bool = False
    rim: float = 0.12
    pearls: int = 0
    bands: int = 0
    stripe: float = 0.0
    eye: float = 0.0
    tip: float = 0.0
    veins: float = 0.5


def draw_butterfly(genome: Butterfly, rng: np.random.Generator) -> list[Layer]:
    """Hind wings, fore wings, antennae, body."""
    layers: list[Layer] = []
    spread, lift = rng.uniform(0.7, 1.0), rng.normal(0, 0.06)
    for fore in (False, True):
        for side in (-1, 1):
            stretch = side * spread * rng.uniform(0.94, 1.0)
            outline, root = _wing(genome, fore)
            paint = _wing_paint(genome, outline, root, fore)
            layers.append(_placed_wing(outline, paint, stretch, lift + rng.normal(0, 0.02)))
    return layers + _body(genome, rng)


def _wing(genome: Butterfly, fore: bool) -> tuple[Points, Place]:
    """Outline and root of a right wing that lies flat."""
    if fore:
        corners = [(0.03, 0.28), (0.35, 0.52), (0.80, 0.82), (0.97, 0.76), (0.90, 0.42), (0.74, 0.10), (0.40, 0.0)]
        outline = turned(smooth([*corners, (0.05, 0.05)]) * genome.reach, -genome.sweep, (0.0, 0.15))
        root: Place = (0.02, 0.16)
    else:
        low = -0.72 - genome.tail
        tail = [(0.50, -0.66), (0.46, low), (0.38, low), (0.36, -0.66)] if genome.tail > 0.05 else [(0.36, -0.72)]
        corners = [(0.03, 0.10), (0.40, 0.14), (0.76, 0.02), (0.80, -0.30), (0.60, -0.60)]
        outline = smooth([*corners, *tail, (0.14, -0.52), (0.03, -0.20)]) * genome.hind
        root = (0.02, 0.02)
    from_root = outline - root
    angle = np.arctan2(from_root[:, 1], from_root[:, 0])
    outer = np.linalg.norm(from_root, axis=1) > 0.5
    wave = 1 + genome.scallop * np.cos(angle * 16) * outer
    return moved(from_root * wave[:, None], root), root


def _placed_wing(outline: Points, paint: Paint, stretch: float, turn: float) -> Layer:
    """A wing on its side of the body, foreshortened; the paint is looked up where it would be flat."""
    c, s = float(np.cos(turn)), float(np.sin(turn))

    def flattened(x: FloatArray, y: FloatArray) -> FloatArray:
        x = x / stretch
        u, v = x * c + y * s, y * c - x * s
        return np.asarray(paint(u, v) * (1 + 0.05 * np.sin(u * 9 + stretch * 20) * np.sin(v * 7)))

    return Layer([turned(outline, turn) * (stretch, 1.0)], flattened, relief=0.05, gloss=0.05)


class _WingCoordinates:
    """How far out on a wing a place is, 0 at the root and 1 at the margin, and in which direction."""

    BINS = 720

    def __init__(self, outline: Points, root: Place) -> None:
        from_root = outline - root
        angle = np.arctan2(from_root[:, 1], from_root[:, 0])
        order = np.argsort(angle)
        grid = np.linspace(-np.pi, np.pi, self.BINS)
        length = np.linalg.norm(from_root, axis=1)
        reach = np.interp(grid, angle[order], length[order], period=2 * np.pi)
        # A tail is met several times in one direction: its far end counts.
        widest = np.max([np.roll(reach, step) for step in range(-9, 10)], axis=0)
        self._reach = np.where(widest > reach * 1.3, widest, reach).astype(np.float32)
        self._root = root

    def __call__(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(outward, direction in radians), both like x."""
        across, up = x - self._root[0], y - self._root[1]
        direction = np.arctan2(up, across)
        index = ((direction + np.pi) * ((self.BINS - 1) / (2 * np.pi))).astype(np.int32)
        return radius(across, up) / self._reach[index], direction


def _wing_paint(genome: Butterfly, outline: Points, root: Place, fore: bool) -> Paint:
    coordinates = _WingCoordinates(outline, root)

    def paint(x: FloatArray, y: FloatArray) -> FloatArray:
        outward, direction = coordinates(x, y)
        coat = Coat(genome.base, x.shape).lay(genome.outer, edge(outward, 0.55, 0.4))
        if genome.stripe:
            coat.lay(genome.accent, ridge(outward, 0.62, genome.stripe / 2))
        if genome.bands:
            wave = np.sin(outward * (2 * np.pi * genome.bands) + np.sin(direction * 5) * 0.5)
            coat.lay(genome.mark, edge(wave, 0.45, 0.25) * edge(outward, 0.2, 0.1))
        spokes = np.abs(np.sin(direction * 7.5)) * outward
        coat.lay(genome.mark, (1 - edge(spokes, 0.05, 0.04)) * genome.veins * edge(outward, 0.15, 0.1))
        if genome.tip and fore:
            coat.lay(genome.mark, edge(outward + (direction - 0.6) * 0.5, 1.12 - genome.tip, 0.05))
        coat.lay(genome.mark, edge(outward, 1 - genome.rim))
        if genome.pearls:
            coat.lay(genome.accent, _pearls(outward, direction, genome))
        if genome.eye:
            _lay_eye(coat, outward, direction, genome, fore)
        return coat.dim(np.minimum(0.6 + outward, 1)).rgb

    return paint


def _pearls(outward: FloatArray, direction: FloatArray, genome: Butterfly) -> FloatArray:
    apart = 2.2 / genome.pearls
    aside = (direction / apart - np.round(direction / apart)) * apart
    out = outward - (1 - max(genome.rim, 0.1) * 0.55)
    return 1 - edge(radius(aside, out * 1.4), 0.042, 0.015)


def _lay_eye(coat: Coat, outward: FloatArray, direction: FloatArray, genome: Butterfly, fore: bool) -> None:
    out, towards = EYE_SPOTS[fore]
    distance = radius(outward - out, (direction - towards) * out) / genome.eye
    rings = ((genome.accent, 1.0), (INK, 0.68), (blend(genome.outer, SHIMMER, 0.5), 0.36), (WHITE, 0.12))
    for colour, size in rings:
        coat.lay(colour, 1 - edge(distance, size, 0.12))


def _body(genome: Butterfly, rng: np.random.Generator) -> list[Layer]:
    w, bend = genome.stout, rng.normal(0, 0.05)
    feeler = bow((0.02, 0.34), (0.30 + rng.normal(0, 0.03), 0.74), rng.normal(0.12, 0.03))
    shapes = [ribbon(feeler, 0.016), ellipse(place(feeler[-1]), 0.022, 0.03)]
    if genome.feathered:
        shapes = [ribbon(moved(feeler * (0.85, 0.8), (0.0, 0.07)), 0.02, 0.12, 0.02)]
    abdomen = ribbon(bow((0.0, 0.05), (bend, -0.52), bend, 16), w * 1.4, w * 2, w * 1.8, w * 0.5)

    def fur(x: FloatArray, y: FloatArray) -> FloatArray:
        rings = (np.sin(y * 46) * 0.5 + 0.5) * (y < 0.02)
        return Coat(genome.body, x.shape).lay(blend(genome.body, genome.base, 0.6), rings).rgb

    return [
        Layer(both_sides(shapes), blend(INK, genome.body, 0.5), relief=0.02),
        Layer([abdomen], fur, relief=w),
        Layer([ellipse((0, 0.14), w * 1.35, 0.16)], blend(genome.body, genome.base, 0.25), relief=w * 1.1),
        Layer([ellipse((0, 0.33), w * 0.95, w)], genome.body, relief=w),
        Layer(both_sides([ellipse((w * 0.7, 0.36), w * 0.38, w * 0.42)]), INK, relief=0.03, gloss=0.6),
    ]
