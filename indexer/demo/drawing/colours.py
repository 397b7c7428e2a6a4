"""Colours, and how they are laid over each other on a patch of pixels."""

import colorsys

import numpy as np

from reverse_search.domain.arrays import AnyArray, FloatArray

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 1."""


def rgb(text: str) -> Colour:
    """A colour as six hexadecimal digits."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


WHITE, INK = rgb("ffffff"), rgb("17120f")


def shifted(colour: Colour, hue: float = 0.0, vividness: float = 1.0, brightness: float = 1.0) -> Colour:
    """A colour a little further around the colour circle, more or less vivid and bright."""
    h, s, v = colorsys.rgb_to_hsv(*colour)
    return colorsys.hsv_to_rgb((h + hue) % 1.0, min(s * vividness, 1.0), min(v * brightness, 1.0))


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour, the rest of the first."""
    red, green, blue = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    return red, green, blue


def edge(values: AnyArray, at: float, softness: float = 0.03) -> FloatArray:
    """0 well below `at`, 1 well above, with a smooth step of that softness between."""
    t = np.clip((values - (at - softness)) * (0.5 / softness), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def ridge(values: AnyArray, at: float, half_width: float, softness: float = 0.03) -> FloatArray:
    """1 within `half_width` of `at`, 0 well outside."""
    return 1 - edge(np.abs(values - at), half_width, softness)


def radius(x: AnyArray, y: AnyArray) -> FloatArray:
    """Distance from the origin."""
    # np.hypot takes several times as long.
    return np.asarray(np.sqrt(x * x + y * y), dtype=np.float32)


class Coat:
    """Colours of a patch of pixels, one laid over the other.

    Attributes:
        rgb: (3, h, w) float32, 0 to 1.
    """

    def __init__(self, base: Colour, shape: tuple[int, ...]) -> None:
        self.rgb: FloatArray = np.empty((3, *shape), dtype=np.float32)
        self.rgb[:] = np.asarray(base, dtype=np.float32)[:, None, None]

    def lay(self, colour: Colour, cover: AnyArray) -> "Coat":
        """Cover it, where `cover` (h, w) is 1 wholly and where it is 0 not at all."""
        for channel, value in zip(self.rgb, colour, strict=True):
            channel += cover * (value - channel)
        return self

    def dim(self, light: AnyArray) -> "Coat":
        """Multiply by (h, w): below 1 is darker."""
        self.rgb *= light
        return self

    def see_through(self, opacity: AnyArray) -> FloatArray:
        """(4, h, w): the colours and how opaque they are."""
        return np.concatenate([self.rgb, np.asarray(opacity, dtype=np.float32)[None]])
