"""One photo: a body in its place, in some light, by a camera that isn't perfect."""

import io
import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from indexer.demo.drawing.layers import Sprite, View, rasterise, soften
from indexer.demo.drawing.plans import Genome, Plan, Stance, individual, plan_of
from indexer.demo.drawing.shapes import place
from indexer.demo.drawing.textures import Size, clouds, fields, softened, to_image
from reverse_search.domain.arrays import FloatArray

SIZES: tuple[Size, ...] = ((420, 315), (420, 315), (420, 280), (315, 420), (400, 400))
JPEG_QUALITY = 84
INDIVIDUAL, SHOT, FORMAT = 1, 2, 3
"""Streams of random numbers, so that one never shifts another."""


class Flaw(StrEnum):
    """What is wrong with a photo, if anything."""

    NONE = "none"
    BLURRED = "blurred"
    DISTANT = "distant"
    CROPPED = "cropped"
    DARK = "dark"


USUAL_FILL = (0.62, 1.0)
FILL = {Flaw.DISTANT: (0.09, 0.18), Flaw.CROPPED: (1.8, 3.0)}
"""How much of the picture the body takes up."""
TURN = {Stance.LYING: 0.9, Stance.SIDEWAYS: 0.2, Stance.STANDING: 0.1}
"""How far bodies are turned, in radians: the deviation."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What a photo shows. Equal shots give equal bytes.

    Attributes:
        genome: of the species.
        seed: of the collection.
        animal: number of the observation: photos of one show the same individual in the same surroundings.
        number: of the photo.
        flaw: what is wrong with it.
    """

    genome: Genome
    seed: int
    animal: int
    number: int
    flaw: Flaw = Flaw.NONE

    @property
    def size(self) -> Size:
        """Of the picture."""
        return SIZES[int(np.random.default_rng([self.seed, FORMAT, self.number]).integers(len(SIZES)))]


def take_photo(shot: Shot) -> bytes:
    """Draw it: a JPEG file."""
    own = np.random.default_rng([shot.seed, INDIVIDUAL, shot.animal])
    genome = individual(shot.genome, own)
    plan = plan_of(genome)
    scene = int(own.integers(len(plan.on) + len(plan.before)))
    warmth = own.normal(0, 0.035)
    rng = np.random.default_rng([shot.seed, SHOT, shot.number])
    view = _aim(plan, shot.size, shot.flaw, rng)
    picture = (*plan.on, *plan.before)[scene](shot.size, own)
    if plan.stance is Stance.STANDING and rng.random() < 0.5:
        picture = softened(picture, rng.uniform(2, 5))
    sprite = rasterise(plan.draw(genome, rng), view)
    if scene < len(plan.on):
        picture = _shaded(sprite, picture, view)
    picture *= 1 - sprite.alpha
    picture += sprite.rgb
    return _develop(picture, shot.flaw, warmth, rng)


def _aim(plan: Plan, size: Size, flaw: Flaw, rng: np.random.Generator) -> View:
    """Where the body is, how large and how turned, and where the light comes from."""
    scale = min(size) / 2 * rng.uniform(*FILL.get(flaw, USUAL_FILL)) / plan.extent
    turn = rng.normal(0, TURN[plan.stance])
    flip = -1.0 if rng.random() < 0.5 else 1.0
    squeeze = rng.uniform(0.82, 1.0) if plan.stance is Stance.LYING else 1.0
    c, s = math.cos(turn), math.sin(turn)
    matrix = scale * np.diag([1, squeeze]) @ np.array([[c, -s], [s, c]]) @ np.diag([flip, -1.0])
    drift = 0.3 if flaw in FILL else 0.05
    wanted = np.array(size) * (0.5 + rng.normal(0, drift / 2, 2).clip(-drift, drift))
    centre = place(wanted - matrix @ (0.0, plan.middle))
    azimuth, height = rng.uniform(0.15, 0.85) * math.pi, rng.uniform(0.9, 1.6)
    length = math.hypot(1.0, height)
    return View(matrix, centre, size, (math.cos(azimuth) / length, -math.sin(azimuth) / length, height / length))


def _shaded(sprite: Sprite, picture: FloatArray, view: View) -> FloatArray:
    """The surroundings with a body's shadow on them."""
    right, down, up = view.light
    away = 0.07 * view.scale / up
    shadow = _moved(soften(sprite.alpha, max(0.06 * view.scale, 2.0)), round(-right * away), round(-down * away))
    return np.asarray(picture * (1 - 0.55 * np.clip(shadow, 0, 1)))


def _moved(field: FloatArray, right: int, down: int) -> FloatArray:
    """Shifted by whole pixels, edges repeated."""
    height, width = field.shape
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    return np.asarray(field[rows][:, np.clip(np.arange(width) - right, 0, width - 1)])


def _develop(picture: FloatArray, flaw: Flaw, warmth: float, rng: np.random.Generator) -> bytes:
    """Light, lens, sensor, file. The picture is written over."""
    _, height, width = picture.shape
    x, y = (field - 0.5 for field in fields((width, height)))
    light = 1 + x * rng.normal(0, 0.2) - y * rng.normal(0.08, 0.12) - (x * x + y * y) * rng.uniform(0.2, 0.9)
    light *= rng.normal(1.12, 0.09) * (0.2 if flaw is Flaw.DARK else 1.0)
    if rng.random() < 0.25:  # dappled shade
        light *= 1 + 0.13 * np.clip(clouds((width, height), (90, 45), rng), -1.5, 1.5)
    for channel, tint in zip(picture, (1 + warmth, 1.0, 1 - warmth), strict=True):
        channel *= light * tint
    if flaw is Flaw.BLURRED:
        picture = softened(picture, rng.uniform(12, 22))
    noise = 0.07 if flaw is Flaw.DARK else rng.uniform(0.005, 0.02)
    picture += noise * rng.standard_normal((height, width), dtype=np.float32)
    file = io.BytesIO()
    to_image(picture).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
