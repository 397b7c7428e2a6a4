"""The invented plants and fungi, and what they look like."""

from indexer.demo.bodies.daisies import Daisy
from indexer.demo.bodies.ferns import Fern
from indexer.demo.bodies.five_stars import FiveStar
from indexer.demo.bodies.mushrooms import Mushroom
from indexer.demo.bodies.umbels import Umbel
from indexer.demo.taxa import AGARICALES, ASTERALES, FRONDALES, RARE, ROSALES, UMBRATALES, family, genus, look, species

DAISIES = family(
    "Radiantulaceae",
    ASTERALES,
    Daisy(**look(base="fbfbf6", inner="f4f4e0", disc="e8b820", dots="c89010")),
    genus(
        "Radiantula",
        look(),
        species("Radiantula alba", 1.2),
        species("Radiantula purpurea", base="9a58c8", inner="6a3098", dots="8a5010", rays=26, ray=0.15),
        species("Radiantula lilacina", RARE, base="c890d8", inner="e8d8f0", rays=22, ray=0.18),
    ),
    genus(
        "Heliomima",
        look(middle=0.42, ray=0.26, rays=20, rings=2, disc="4a2c14", dots="2a1808"),
        species("Heliomima magna", base="f4c820", inner="e89818"),
        species("Heliomima ignea", RARE, base="f0a020", inner="b02810", rings=1),
    ),
)
FIVE_STARS = family(
    "Quinquestellaceae",
    ROSALES,
    FiveStar(**look(base="e880a8", inner="b02860", anther="f0d040")),
    genus(
        "Quinquestella",
        look(),
        species("Quinquestella rubida"),
        species("Quinquestella caerulea", base="6088e0", inner="f4f4f8", anther="f0e8b0", broad=0.7, flowers=3),
    ),
    genus(
        "Cordipetala",
        look(notch=0.25, broad=0.9, flowers=3),
        species("Cordipetala nivea", RARE, base="fbfbf6", inner="d8e8a0", anther="d07830"),
    ),
)
UMBELS = family(
    "Pluviradiaceae",
    UMBRATALES,
    Umbel(**look(base="f8f8f0", centre="c8d080")),
    genus(
        "Pluviradia",
        look(),
        species("Pluviradia nivea"),
        species("Pluviradia crocea", base="f0d030", centre="a08010", dome=0.5, rays=12, tight=0.18),
    ),
)
FERNS = family(
    "Plumifrondaceae",
    FRONDALES,
    Fern(**look(base="3c7a2c", tip="8ac050")),
    genus(
        "Plumifrons",
        look(),
        species("Plumifrons viridis"),
        species("Plumifrons glauca", base="4a8a68", tip="90c0a0", lobes=0.2, slim=0.28, pairs=13, fronds=5),
    ),
    genus(
        "Scalifrons",
        look(lobes=0.0, slim=0.42, pairs=10, leaflet=0.42),
        species("Scalifrons simplex", RARE, base="2f6a38", tip="a8a848", rachis="201810"),
    ),
)
MUSHROOMS = family(
    "Pileomimaceae",
    AGARICALES,
    Mushroom(**look(base="cc2818", rim="e04828", dots="fdf6e8", stem="f4ecd8", gills="f0e8d0")),
    genus(
        "Pileomima",
        look(),
        species("Pileomima rubra", 1.2, flakes=16, ring=True),
        species(
            "Pileomima ochracea",
            base="a87840",
            rim="c89858",
            stem="e0d0b0",
            gills="c0a078",
            group=3,
            wide=0.6,
            high=0.4,
        ),
    ),
    genus(
        "Conomima",
        look(point=0.5, wide=0.5, high=0.6, thick=0.07, group=4),
        species("Conomima violacea", RARE, base="7a4a98", rim="a878c0", stem="c8b8d0", gills="a890b0"),
    ),
)

FLORA = (DAISIES, FIVE_STARS, UMBELS, FERNS, MUSHROOMS)
