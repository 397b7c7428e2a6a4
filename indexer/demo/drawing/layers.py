"""From the layers of a body to pixels: antialiased, rounded and lit.

A body plan says *what* is there, in body units; a View says where in the picture, how large and how turned. Each
layer is rasterised as a mask; blurring the mask gives a height, and the height's slope gives light and shade (from
outlines to normals: Johnston, "Lumo: illumination for cel animation", 2002).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from indexer.demo.drawing.colours import Coat, Colour
from indexer.demo.drawing.shapes import Points
from reverse_search.domain.arrays import DoubleArray, FloatArray

Paint = Callable[[FloatArray, FloatArray], FloatArray]
"""(x, y) fields in body units, (h, w) each → colours (3, h, w), or (4, h, w) with the opacity."""

SUPERSAMPLING = 3
BUMP, AMBIENT, BRIGHTEST = 2.2, 0.42, 1.45
"""How steep edges are, how light it is in the shade, and the most that light adds: found by eye."""
HARDNESS = 5
"""The highlight's sharpness, as a power of two."""

Light = tuple[float, float, float]
"""Direction that light comes from, a unit vector (right, down, towards the viewer)."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a body: shapes of one colour or painted alike, over those before it.

    Attributes:
        shapes: closed outlines in body units; where they overlap they are one.
        paint: a colour, or a function of the place on the body.
        relief: over which distance from its edge the part is rounded, in body units; 0 is flat.
        gloss: strength of the highlight, 0 to 1.
        opacity: 1 hides what is below.
    """

    shapes: Sequence[Points]
    paint: Colour | Paint
    relief: float = 0.1
    gloss: float = 0.0
    opacity: float = 1.0


@dataclass(frozen=True, eq=False)
class View:
    """Where body units are in the picture.

    Attributes:
        matrix: (2, 2) float64, body units → pixels, y downwards.
        centre: where the body's origin is, in pixels.
        size: width and height of the picture.
        light: where light comes from.
    """

    matrix: DoubleArray
    centre: tuple[float, float]
    size: tuple[int, int]
    light: Light

    @property
    def scale(self) -> float:
        """Pixels to a body unit."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    def to_pixels(self, shapes: Sequence[Points]) -> list[Points]:
        """Outlines in body units → in pixels."""
        if not shapes:
            return []
        placed = np.concatenate(shapes) @ self.matrix.T + self.centre
        return np.split(placed, np.cumsum([len(shape) for shape in shapes])[:-1])

    def to_body(self, box: "Box") -> tuple[FloatArray, FloatArray]:
        """Body coordinates (x, y) of the pixels in a box, (h, w) float32 each."""
        inverse = np.linalg.inv(self.matrix).astype(np.float32)
        across = np.arange(box.left, box.right, dtype=np.float32) + (0.5 - self.centre[0])
        down = (np.arange(box.top, box.bottom, dtype=np.float32) + (0.5 - self.centre[1]))[:, None]
        return inverse[0, 0] * across + inverse[0, 1] * down, inverse[1, 0] * across + inverse[1, 1] * down


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture, in pixels; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def where(self) -> tuple[slice, slice]:
        """To index an array's last two axes with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @classmethod
    def around(cls, shapes: Sequence[Points], margin: float, size: tuple[int, int]) -> "Box | None":
        """What the shapes take up in a picture, None if they lie outside."""
        points = np.concatenate(shapes)
        low, high = np.floor(points.min(axis=0) - margin), np.ceil(points.max(axis=0) + margin)
        left, top = (int(v) for v in np.maximum(low, 0))
        right, bottom = (int(v) for v in np.minimum(high, size))
        return cls(left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None


@dataclass(frozen=True, eq=False)
class Sprite:
    """A drawn body: (3, h, w) colours, already multiplied with the (h, w) opacity, float32."""

    rgb: FloatArray
    alpha: FloatArray


def rasterise(layers: Sequence[Layer], view: View) -> Sprite:
    """Draw the layers, first to last."""
    width, height = view.size
    sprite = Sprite(np.zeros((3, height, width), np.float32), np.zeros((height, width), np.float32))
    for layer in layers:
        _draw(layer, view, sprite)
    return sprite


def _draw(layer: Layer, view: View, sprite: Sprite) -> None:
    radius_px = layer.relief * view.scale
    shapes = view.to_pixels(layer.shapes)
    box = Box.around(shapes, 1 + radius_px, view.size) if shapes else None
    if box is None:
        return
    cover = _mask(shapes, box)
    rgb, opacity = _painted(layer, *view.to_body(box))
    if radius_px > 0.7:
        rgb = _lit(rgb, cover, radius_px, view.light, layer.gloss)
    cover = cover * opacity
    clear = 1 - cover
    below, alpha = sprite.rgb[:, *box.where], sprite.alpha[box.where]
    below *= clear
    below += rgb * cover
    alpha *= clear
    alpha += cover


def _mask(shapes: Sequence[Points], box: Box) -> FloatArray:
    """(h, w) share of each pixel that is covered."""
    n = SUPERSAMPLING
    image = Image.new("L", ((box.right - box.left) * n, (box.bottom - box.top) * n))
    pen = ImageDraw.Draw(image)
    for shape in shapes:
        corners = (shape - (box.left, box.top)) * n - 0.5
        pen.polygon(corners.ravel().tolist(), fill=255)
    return np.asarray(image.reduce(n), dtype=np.float32) / np.float32(255)


def _painted(layer: Layer, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray | float]:
    """(3, h, w) colours, and how opaque they are."""
    if not callable(layer.paint):
        return Coat(layer.paint, x.shape).rgb, layer.opacity
    painted = layer.paint(x, y)
    if len(painted) == 4:
        return painted[:3], painted[3] * layer.opacity
    return painted, layer.opacity


def _lit(rgb: FloatArray, cover: FloatArray, radius_px: float, light: Light, gloss: float) -> FloatArray:
    """The colours as they look in this light on a body that is rounded towards its outline."""
    height = soften(cover, radius_px)
    right, down = (_slope(height, axis) * (BUMP * radius_px) for axis in (1, 0))
    length = np.sqrt(right * right + down * down + 1)
    facing = (right * light[0] + down * light[1] + light[2]) / length
    shade = (AMBIENT + (1 - AMBIENT) / light[2] * np.maximum(facing, 0)) * (0.7 + 0.3 * height)
    lit = rgb * np.minimum(shade, BRIGHTEST)
    if gloss:
        # Blinn's highlight: halfway between the light and the viewer.
        x, y, z = light[0], light[1], light[2] + 1
        shine = np.maximum(right * x + down * y + z, 0) / (length * math.hypot(x, y, z))
        for _ in range(HARDNESS):
            shine = shine * shine
        lit += shine * gloss
    return np.asarray(lit)


def _slope(height: FloatArray, axis: int) -> FloatArray:
    """How much it falls to the right (axis 1) or downwards (axis 0), a pixel; 0 at the borders."""
    falls = np.zeros_like(height)
    inner, behind, ahead = (np.moveaxis(a, axis, 0) for a in (falls, height, height))
    inner[1:-1] = (behind[:-2] - ahead[2:]) / 2
    return falls


def soften(field: FloatArray, radius_px: float) -> FloatArray:
    """A blur of about that radius, by way of a coarse copy: quick, and without the steps that 8 bits would leave."""
    height, width = field.shape
    factor = max(radius_px * 0.8, 1.0)
    coarse = (max(round(width / factor), 3), max(round(height / factor), 3))
    small = Image.fromarray(field).resize(coarse, Image.Resampling.BILINEAR)
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))
