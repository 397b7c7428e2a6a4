"""The tree of life as the demo has it: real kingdoms, classes and orders; families, genera and species are invented.

A family says what body plan its species have and what most of them look like; a genus changes proportions; a species
changes colours and patterns. Names are made up so that nobody takes a drawing for a real organism.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from indexer.demo.drawing.colours import rgb
from indexer.demo.drawing.plans import Genome

Changes = dict[str, Any]
FIRST_ID = 9_000_001
"""Invented taxa are numbered from here on: the platform's ids are far below."""
OFTEN, RARE = 1.2, 0.25
"""How much more often insects are met than others, and how often rare species are."""


@dataclass(frozen=True, slots=True)
class Species:
    """A species.

    Attributes:
        name: both words.
        changes: what of its genus' genome is different.
        rank: "species" or "hybrid".
        common: how often it is met, relative to others.
        far: whether it is recorded in the far region only.
    """

    name: str
    changes: Changes
    common: float = 1.0
    rank: str = "species"
    far: bool = False


@dataclass(frozen=True, slots=True)
class Genus:
    """A genus: what of its family's genome is different, and its species."""

    name: str
    changes: Changes
    species: tuple[Species, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A family.

    Attributes:
        name: of the family.
        order: id of what it belongs to.
        genome: what most of its species look like.
        genera: of the family.
        common: how often its species are met, relative to other families'.
        known: whether anybody has ever named one.
    """

    name: str
    order: int
    genome: Genome
    genera: tuple[Genus, ...]
    common: float = 1.0
    known: bool = True


def look(**changes: Any) -> Changes:
    """What is different from the genus or family; colours as six hexadecimal digits."""
    return {name: rgb(value) if isinstance(value, str) else value for name, value in changes.items()}


def species(name: str, common: float = 1.0, *, hybrid: bool = False, far: bool = False, **changes: Any) -> Species:
    """A species, with what is different about it."""
    return Species(name, look(**changes), common, "hybrid" if hybrid else "species", far)


def genus(name: str, changes: Changes, *members: Species) -> Genus:
    """A genus, with what is different about all of its species."""
    return Genus(name, changes, members)


def family(name: str, order: int, genome: Genome, *genera: Genus, common: float = 1.0, known: bool = True) -> Family:
    """A family of genera."""
    return Family(name, order, genome, genera, common, known)


@dataclass(frozen=True, slots=True)
class Taxon:
    """A row of the taxonomy. `ancestry` is from the root to the parent."""

    taxon_id: int
    ancestry: tuple[int, ...]
    rank: str
    name: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A species as it can be drawn and met with.

    Attributes:
        taxon: itself.
        genome: what it looks like.
        common: how often it is met.
        far: whether it is recorded in the far region only.
        known: whether anybody has ever named one of its family.
    """

    taxon: Taxon
    genome: Genome
    common: float
    far: bool
    known: bool


UPPER: tuple[tuple[int, int, str, str], ...] = (
    (48460, 0, "stateofmatter", "Life"),
    (1, 48460, "kingdom", "Animalia"),
    (47126, 48460, "kingdom", "Plantae"),
    (47170, 48460, "kingdom", "Fungi"),
    (47120, 1, "phylum", "Arthropoda"),
    (47158, 47120, "class", "Insecta"),
    (47157, 47158, "order", "Lepidoptera"),
    (47208, 47158, "order", "Coleoptera"),
    (47792, 47158, "order", "Odonata"),
    (47119, 47120, "class", "Arachnida"),
    (47118, 47119, "order", "Araneae"),
    (47115, 1, "phylum", "Mollusca"),
    (47114, 47115, "class", "Gastropoda"),
    (2, 1, "phylum", "Chordata"),
    (47178, 2, "class", "Actinopterygii"),
    (47534, 1, "phylum", "Cnidaria"),
    (211194, 47126, "phylum", "Tracheophyta"),
    (47124, 211194, "class", "Magnoliopsida"),
    (47605, 47124, "order", "Asterales"),
    (47132, 47124, "order", "Rosales"),
    (121943, 211194, "class", "Polypodiopsida"),
    (47169, 47170, "phylum", "Basidiomycota"),
    (50814, 47169, "class", "Agaricomycetes"),
    (47167, 50814, "order", "Agaricales"),
    (FIRST_ID, 47114, "order", "Spiromorpha"),
    (FIRST_ID + 1, 47178, "order", "Vexilliformes"),
    (FIRST_ID + 2, 47534, "order", "Campanulomorpha"),
    (FIRST_ID + 3, 47124, "order", "Umbratales"),
    (FIRST_ID + 4, 121943, "order", "Frondales"),
)
"""Id, parent's id, rank, name. Those below FIRST_ID are the platform's own."""
LEPIDOPTERA, COLEOPTERA, ODONATA, ARANEAE = 47157, 47208, 47792, 47118
ASTERALES, ROSALES, AGARICALES = 47605, 47132, 47167
SPIROMORPHA, VEXILLIFORMES, CAMPANULOMORPHA, UMBRATALES, FRONDALES = range(FIRST_ID, FIRST_ID + 5)


def taxonomy(families: Sequence[Family]) -> tuple[list[Taxon], list[Drawn]]:
    """All taxa, parents first, and the species with their genomes.

    Numbers follow from the place in the tree: family 9,001,000, its first genus 9,001,100, its first species 9,001,101.
    """
    taxa: dict[int, Taxon] = {}
    for taxon_id, parent, rank, name in UPPER:
        ancestry = (*taxa[parent].ancestry, parent) if parent else ()
        taxa[taxon_id] = Taxon(taxon_id, ancestry, rank, name)
    drawn: list[Drawn] = []
    for i, top in enumerate(families, start=1):
        family_id = 9_000_000 + 1000 * i
        _add(taxa, top.order, family_id, "family", top.name)
        for j, middle in enumerate(top.genera, start=1):
            genus_id = family_id + 100 * j
            _add(taxa, family_id, genus_id, "genus", middle.name)
            for k, last in enumerate(middle.species, start=1):
                taxon = _add(taxa, genus_id, genus_id + k, last.rank, last.name)
                genome = replace(top.genome, **(middle.changes | last.changes))
                drawn.append(Drawn(taxon, genome, last.common * top.common, last.far, top.known))
    return list(taxa.values()), drawn


def _add(taxa: dict[int, Taxon], parent: int, taxon_id: int, rank: str, name: str) -> Taxon:
    taxa[taxon_id] = Taxon(taxon_id, (*taxa[parent].ancestry, parent), rank, name)
    return taxa[taxon_id]
