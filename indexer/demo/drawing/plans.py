"""All body plans: how each is drawn, how it is placed in a picture, and where it is found."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

import numpy as np

from indexer.demo.bodies.beetles import Beetle, draw_beetle
from indexer.demo.bodies.butterflies import Butterfly, draw_butterfly
from indexer.demo.bodies.daisies import Daisy, draw_daisy
from indexer.demo.bodies.dragonflies import Dragonfly, draw_dragonfly
from indexer.demo.bodies.ferns import Fern, draw_fern
from indexer.demo.bodies.fishes import Fish, draw_fish
from indexer.demo.bodies.five_stars import FiveStar, draw_five_star
from indexer.demo.bodies.jellyfishes import Jellyfish, draw_jellyfish
from indexer.demo.bodies.mushrooms import Mushroom, draw_mushroom
from indexer.demo.bodies.snails import Snail, draw_snail
from indexer.demo.bodies.spiders import Spider, draw_spider
from indexer.demo.bodies.umbels import Umbel, draw_umbel
from indexer.demo.drawing.colours import shifted
from indexer.demo.drawing.layers import Layer
from indexer.demo.drawing.surfaces import bark, leaf, litter, moss, sand, stone, wall, wood
from indexer.demo.drawing.textures import Background
from indexer.demo.drawing.vistas import deep_water, foliage, forest, meadow, sky, water

Genome = Beetle | Butterfly | Daisy | Dragonfly | Fern | Fish | FiveStar | Jellyfish | Mushroom | Snail | Spider | Umbel


class Stance(Enum):
    """How a body is placed in a picture."""

    LYING = "seen from above, turned any way"
    SIDEWAYS = "seen from its side, either way round"
    STANDING = "upright"


@dataclass(frozen=True, slots=True)
class Plan:
    """What all bodies of a plan have in common.

    Attributes:
        draw: from a genome and how this one holds itself to layers.
        stance: how it is placed.
        extent: half the size of what should fit into the picture, in body units.
        middle: height of the place that the camera points at, in body units.
        on: surfaces that it is found on; its shadow falls there.
        before: what lies behind it, too far for a shadow.
    """

    draw: Callable[[Any, np.random.Generator], list[Layer]]
    stance: Stance
    extent: float
    middle: float
    on: tuple[Background, ...] = ()
    before: tuple[Background, ...] = ()


PLANS: dict[type[Genome], Plan] = {
    Butterfly: Plan(draw_butterfly, Stance.LYING, 0.95, 0.0, (leaf, stone, bark, wall), (foliage, meadow)),
    Beetle: Plan(draw_beetle, Stance.LYING, 1.0, -0.1, (leaf, bark, sand, litter, moss, wood)),
    Dragonfly: Plan(draw_dragonfly, Stance.LYING, 1.0, -0.15, (leaf, stone, wood), (foliage, meadow)),
    Spider: Plan(draw_spider, Stance.LYING, 1.15, -0.1, (wall, bark, leaf, sand, wood), (foliage,)),
    Snail: Plan(draw_snail, Stance.SIDEWAYS, 1.1, -0.1, (moss, stone, litter, leaf, wood)),
    Fish: Plan(draw_fish, Stance.SIDEWAYS, 1.15, 0.0, (), (water,)),
    Jellyfish: Plan(draw_jellyfish, Stance.SIDEWAYS, 1.1, -0.25, (), (deep_water,)),
    Daisy: Plan(draw_daisy, Stance.STANDING, 1.15, -0.1, (), (meadow, foliage, sky)),
    FiveStar: Plan(draw_five_star, Stance.STANDING, 1.3, -0.1, (), (foliage, foliage, sky)),
    Umbel: Plan(draw_umbel, Stance.STANDING, 1.3, -0.5, (), (meadow, foliage, sky)),
    Fern: Plan(draw_fern, Stance.STANDING, 1.25, 0.0, (), (forest, litter, moss, foliage)),
    Mushroom: Plan(draw_mushroom, Stance.STANDING, 1.1, -0.3, (), (forest, forest, moss, litter)),
}


def plan_of(genome: Genome) -> Plan:
    """How a genome is drawn."""
    return PLANS[type(genome)]


def individual(genome: Genome, rng: np.random.Generator) -> Genome:
    """One of a species: every proportion, number and colour a little off."""
    return replace(genome, **{field.name: _varied(getattr(genome, field.name), rng) for field in fields(genome)})


def _varied(value: Any, rng: np.random.Generator) -> Any:
    match value:
        case int() if value > 6:
            return value + int(rng.integers(-1, 2))
        case float():
            return value * float(np.exp(rng.normal(0, 0.07)))
        case (_, _, _):
            return shifted(value, rng.normal(0, 0.015), 1 + rng.normal(0, 0.08), 1 + rng.normal(0, 0.08))
    return value
