"""What backgrounds are made of: noise, and shapes that are out of focus."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from indexer.demo.drawing.colours import Colour, rgb, shifted
from indexer.demo.drawing.shapes import Place, Points
from reverse_search.domain.arrays import FloatArray

Size = tuple[int, int]
"""Width and height in pixels."""

Background = Callable[[Size, np.random.Generator], FloatArray]
"""Draws a picture of that size: (3, h, w) float32, 0 to 1."""

Range = tuple[float, float]


def clouds(size: Size, cells_px: Sequence[float], rng: np.random.Generator, stretch: float = 1.0) -> FloatArray:
    """Smooth noise around 0: octaves of those cell sizes, `stretch` times taller than wide.

    Returns:
        (h, w) float32; a single octave has a deviation of a bit less than 1.
    """
    width, height = size
    total = np.zeros((height, width), dtype=np.float32)
    for octave, cell in enumerate(cells_px):
        shape = (max(int(height / cell / stretch) + 2, 3), max(int(width / cell) + 2, 3))
        grid = rng.standard_normal(shape, dtype=np.float32)
        grown = Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)
        total += np.asarray(grown) * 0.75**octave
    return total


def fields(size: Size) -> tuple[FloatArray, FloatArray]:
    """How far each pixel is from the left and from the top, 0 to 1: (h, w) float32 each."""
    width, height = size
    x, y = np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32)
    return x[None, :].repeat(height, axis=0), y[:, None].repeat(width, axis=1)


def out_of_focus(size: Size, ground: Colour, things: Sequence[tuple[Points, Colour]], blur: int) -> FloatArray:
    """Shapes of plain colours on a ground.

    Args:
        size: of the picture.
        ground: what shows between the shapes.
        things: outlines, in shares of the picture's width, from the left and from the top.
        blur: they are drawn this much smaller, and enlarged.
    """
    # Twice as large as needed, so that edges are antialiased.
    width, height = (max(side // blur, 8) for side in size)
    image = Image.new("RGB", (2 * width, 2 * height), _bytes(ground))
    pen = ImageDraw.Draw(image)
    for outline, colour in things:
        pen.polygon((outline * (2 * width)).ravel().tolist(), fill=_bytes(colour))
    return from_image(image.reduce(2).resize(size, Image.Resampling.BICUBIC))


def softened(picture: FloatArray, radius_px: float) -> FloatArray:
    """A picture (3, h, w) out of focus."""
    image = to_image(picture)
    coarse = (max(round(image.width / radius_px), 3), max(round(image.height / radius_px), 3))
    return from_image(image.resize(coarse, Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC))


def to_image(picture: FloatArray) -> Image.Image:
    """(3, h, w) float32, 0 to 1 → an RGB image."""
    pixels = np.empty((*picture.shape[1:], 3), dtype=np.uint8)
    for channel, values in enumerate(picture):
        pixels[..., channel] = np.clip(values * np.float32(255), 0, 255)
    return Image.fromarray(pixels)


def from_image(image: Image.Image) -> FloatArray:
    """The other way round."""
    pixels = np.asarray(image)
    return np.stack([pixels[..., channel].astype(np.float32) for channel in range(3)]) / np.float32(255)


def tone(
    text: str, rng: np.random.Generator, hue: float = 0.02, vivid: Range = (1.0, 1.0), bright: Range = (0.8, 1.1)
) -> Colour:
    """A colour near one given as six hexadecimal digits."""
    return shifted(rgb(text), rng.normal(0, hue), rng.uniform(*vivid), rng.uniform(*bright))


def anywhere(size: Size, rng: np.random.Generator, margin: float = 0.1) -> Place:
    """A place in the picture or just outside, in shares of its width."""
    return rng.uniform(-margin, 1 + margin), rng.uniform(-margin, 1 + margin) * size[1] / size[0]


def _bytes(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (int(255 * min(max(c, 0.0), 1.0)) for c in colour)
    return red, green, blue
