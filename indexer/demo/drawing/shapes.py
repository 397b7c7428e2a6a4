"""Outlines: closed polygons in body units, x to the right and y upwards, from which body plans are put together."""

from collections.abc import Sequence

import numpy as np

from reverse_search.domain.arrays import AnyArray, DoubleArray

Points = DoubleArray
"""(n, 2) float64 corners of an outline, or places along a line."""

Place = tuple[float, float]


def ellipse(centre: Place, width: float, height: float, turn: float = 0.0, corners: int = 40) -> Points:
    """An ellipse of half-axes `width` and `height`, turned by `turn` radians."""
    t = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return moved(turned(np.column_stack([width * np.cos(t), height * np.sin(t)]), turn), centre)


def rosette(radius: float, lobes: int = 5, depth: float = 0.35) -> Points:
    """A tiny flower with round petals, in one outline."""
    t = np.linspace(0, 2 * np.pi, 4 * lobes, endpoint=False)
    far = radius * (1 - depth + depth * np.cos(lobes * t))
    return np.column_stack([far * np.cos(t), far * np.sin(t)])


def smooth(corners: Sequence[Place] | Points, steps: int = 10) -> Points:
    """A closed curve through a few corners (Catmull and Rom, 1974)."""
    p = np.asarray(corners, dtype=np.float64)
    before, after, beyond = np.roll(p, 1, axis=0), np.roll(p, -1, axis=0), np.roll(p, -2, axis=0)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    curve = (
        2 * p
        + (after - before) * t
        + (2 * before - 5 * p + 4 * after - beyond) * t**2
        + (3 * p - before - 3 * after + beyond) * t**3
    ) / 2
    return np.asarray(curve.transpose(1, 0, 2).reshape(-1, 2))


def bow(start: Place, end: Place, sag: float, steps: int = 14) -> Points:
    """A curved line from one place to another, bulging by `sag` of its length to its left."""
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    along = b - a
    knee = (a + b) / 2 + sag * 2 * np.array([-along[1], along[0]])
    t = np.linspace(0, 1, steps)[:, None]
    return np.asarray((1 - t) ** 2 * a + 2 * t * (1 - t) * knee + t**2 * b)


def ribbon(line: Points | Sequence[Place], *widths: float) -> Points:
    """The outline of a line that is so wide: one number, or several from its start to its end."""
    line = np.asarray(line, dtype=np.float64)
    ahead = np.gradient(line, axis=0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    half = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths) / 2
    aside = np.column_stack([-ahead[:, 1], ahead[:, 0]]) * half[:, None]
    return np.concatenate([line + aside, (line - aside)[::-1]])


def blade(length: float, width: float, *, fullness: float = 1.0, notch: float = 0.0, corners: int = 14) -> Points:
    """A petal or leaf that grows from the origin upwards: up its right side, down its left.

    Args:
        length: from base to tip.
        width: where it is widest.
        fullness: 1 is widest in the middle, above 1 nearer to the tip, below 1 nearer to the base.
        notch: how deep the tip is cut in, as a share of the length.
        corners: on each side.
    """
    t = np.linspace(0, 1, corners)
    half = width / 2 * np.sin(np.pi * t**fullness) ** 0.75
    height = length * (t - notch * np.maximum(t - 0.8, 0) * 5 * (half < width / 5))
    return np.concatenate([np.column_stack([half, height]), np.column_stack([-half, height])[::-1]])


def turned(points: Points, angle: float, about: Place = (0.0, 0.0)) -> Points:
    """Turned counter-clockwise by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray((points - about) @ np.array([[c, s], [-s, c]]) + about)


def moved(points: Points, by: Place | AnyArray) -> Points:
    """Shifted to the right and upwards."""
    return np.asarray(points + np.asarray(by))


def mirrored(points: Points) -> Points:
    """The same on the other side of the body's axis."""
    return np.asarray(points * (-1.0, 1.0))


def both_sides(shapes: Sequence[Points]) -> list[Points]:
    """Shapes and their mirror images."""
    return [side for shape in shapes for side in (shape, mirrored(shape))]


def place(point: AnyArray) -> Place:
    """One row of Points."""
    return float(point[0]), float(point[1])
