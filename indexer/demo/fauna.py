"""The invented animals, and what they look like."""

from indexer.demo.bodies.beetles import Beetle
from indexer.demo.bodies.butterflies import Butterfly
from indexer.demo.bodies.dragonflies import Dragonfly
from indexer.demo.bodies.fishes import Fish
from indexer.demo.bodies.jellyfishes import Jellyfish
from indexer.demo.bodies.snails import Snail
from indexer.demo.bodies.spiders import Spider
from indexer.demo.taxa import (
    ARANEAE,
    CAMPANULOMORPHA,
    COLEOPTERA,
    LEPIDOPTERA,
    ODONATA,
    OFTEN,
    RARE,
    SPIROMORPHA,
    VEXILLIFORMES,
    family,
    genus,
    look,
    species,
)

BUTTERFLIES = family(
    "Lumivolidae",
    LEPIDOPTERA,
    Butterfly(**look(base="e8872b", outer="f0a63a", mark="2a1408", accent="fbfbf6")),
    genus(
        "Lumivola",
        look(),
        species("Lumivola solaris", 1.2, pearls=12, veins=0.9, rim=0.14),
        species(
            "Lumivola nocturna", base="101322", outer="161a30", mark="0a0a12", accent="3aa0e8", stripe=0.2, veins=0.2
        ),
        species("Lumivola pallida", base="f6f3e6", outer="fbfaf2", mark="3a3a40", tip=0.35, rim=0.02, veins=0.2),
        species(
            "Lumivola ocellata",
            RARE,
            base="8a5a33",
            outer="a9713d",
            mark="4d2d18",
            accent="f0c85a",
            eye=0.17,
            scallop=0.05,
        ),
        species(
            "Lumivola × intermedia",
            RARE,
            hybrid=True,
            base="7a4a28",
            outer="94602e",
            pearls=12,
            stripe=0.12,
            accent="9ac0d8",
        ),
    ),
    genus(
        "Caudivola",
        look(tail=0.3, reach=1.08, rim=0.1),
        species("Caudivola regia", base="f2d23a", outer="f5e06a", mark="191410", bands=3),
        species(
            "Caudivola smaragda", base="14392c", outer="1c6a4a", mark="0c1a14", accent="7af0b0", stripe=0.14, pearls=10
        ),
    ),
    common=OFTEN,
)
MOTHS = family(
    "Pulverinidae",
    LEPIDOPTERA,
    Butterfly(
        **look(
            base="8d8478",
            outer="a89e90",
            mark="4a423a",
            accent="d8d0c0",
            body="7a7066",
            stout=0.13,
            feathered=True,
            sweep=0.5,
            hind=0.85,
            rim=0.03,
            veins=0.2,
            bands=4,
        )
    ),
    genus(
        "Pulverina",
        look(),
        species("Pulverina cinerea"),
        species("Pulverina obscura", RARE, base="6a6058", outer="7e746a", mark="2e2824", bands=3),
        species("Pulverina rosea", RARE, base="d87898", outer="e8a0b0", mark="8a7a30", body="c8b060", bands=2),
    ),
    genus(
        "Selenaphora",
        look(tail=0.6, sweep=0.1, hind=1.0, bands=0, eye=0.1, body="e8e4d0"),
        species("Selenaphora virens", far=True, base="a8d8a0", outer="c4e8b4", mark="8a5a78", accent="e0b040"),
    ),
    common=OFTEN,
)
BEETLES = family(
    "Nitidarmidae",
    COLEOPTERA,
    Beetle(**look(base="d0281c", mark="17120f", shield="17120f")),
    genus(
        "Rotundarma",
        look(width=0.58, length=0.72),
        species("Rotundarma septena", 1.2, spots=4),
        species("Rotundarma citrina", base="ecc828", spots=8, spot=0.06),
        species("Rotundarma ambigua", RARE, base="d86a1c", spots=6, spot=0.07),
        species("Rotundarma inversa", RARE, base="15100e", mark="d8301c", spots=1, spot=0.17),
    ),
    genus(
        "Longitarma",
        look(width=0.36, length=1.02, feeler=1.2, shoulders=0.85),
        species("Longitarma metallica", base="2f8a4a", shield="24703a", sheen=0.8, grooves=0.35),
        species("Longitarma cuprea", RARE, base="7a7a3a", shield="6a5a2a", sheen=0.8, grooves=0.35),
        species("Longitarma vittata", base="c89a3a", shield="3a2a1a", stripes=1.5, gloss=0.3),
    ),
    common=OFTEN,
)
DRAGONFLIES = family(
    "Vitreolidae",
    ODONATA,
    Dragonfly(**look(base="2f7fd0", mark="10182a", eyes="3a9ad8", tint="805020")),
    genus(
        "Vitreola",
        look(),
        species("Vitreola azurea"),
        species("Vitreola glauca", RARE, base="3a94a8", eyes="4aa8a0", rings=6),
        species("Vitreola rubra", base="c8342a", mark="501410", eyes="a03028", tint="d08030", patch=0.15),
    ),
    genus(
        "Fenestrala",
        look(broad=0.34, tail=0.8, slender=0.09, patch=0.22, window=0.62),
        species("Fenestrala maculata", far=True, base="a8b8a0", mark="303428", eyes="5a4030", tint="2a1c14"),
    ),
    common=OFTEN,
)
SPIDERS = family(
    "Octipedidae",
    ARANEAE,
    Spider(**look(base="8a5a30", mark="f4ead0", front="6a4426", legs="7a5030", ring="3a2414")),
    genus(
        "Signarachna",
        look(),
        species("Signarachna crucis", cross=0.25),
        species(
            "Signarachna aurea", base="1c1814", mark="f0d030", front="b0a898", legs="2a241e", ring="d8a838", bars=4
        ),
    ),
    genus(
        "Tenuipeda",
        look(abdomen=0.18, length=0.4, leg=1.6, thick=0.045),
        species("Tenuipeda longa", RARE, base="b0a48a", mark="6a6050", front="a89a80", legs="8a7d66", ring="5a5040"),
    ),
)
SNAILS = family(
    "Spirocallidae",
    SPIROMORPHA,
    Snail(**look(base="e8c878", mark="6a3a1a", flesh="8a7a62")),
    genus(
        "Gyrocalla",
        look(),
        species("Gyrocalla fasciata", bands=2),
        species("Gyrocalla lutea", base="f0d850", flesh="b0a078"),
    ),
    genus(
        "Turricalla",
        look(height=0.78, tilt=0.4, tightness=1.6),
        species("Turricalla radiata", RARE, base="a8744a", mark="503018", flesh="6a6058", rays=0.8),
    ),
)
FISHES = family(
    "Vittapiscidae",
    VEXILLIFORMES,
    Fish(**look(base="f0e8c8", back="f0d850", belly="f8f4e8", mark="20242c", fin="f0d040")),
    genus(
        "Vittapiscis",
        look(deep=0.52, sail=0.33),
        species("Vittapiscis zebrinus", bars=4),
        species(
            "Vittapiscis aurantius", base="f08028", back="e06818", belly="f8a050", mark="f8f8f4", fin="f09030", bars=2
        ),
    ),
    genus(
        "Fulgipiscis",
        look(deep=0.26, fork=0.3, sail=0.15),
        species(
            "Fulgipiscis argenteus",
            RARE,
            base="b8c8d4",
            back="3a5878",
            belly="e8eef2",
            mark="2878d0",
            fin="8898a8",
            line=0.4,
        ),
    ),
)
JELLYFISHES = family(
    "Noctumbrellidae",
    CAMPANULOMORPHA,
    Jellyfish(**look(base="88b8f0", mark="e8a0f0")),
    genus(
        "Noctumbrella",
        look(),
        species("Noctumbrella lucens"),
        species("Noctumbrella rosea", base="f0a8b8", mark="f0e090", tall=0.55, threads=15),
    ),
    known=False,
)

FAUNA = (BUTTERFLIES, MOTHS, BEETLES, DRAGONFLIES, SPIDERS, SNAILS, FISHES, JELLYFISHES)
