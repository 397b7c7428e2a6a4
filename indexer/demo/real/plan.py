"""Which observations make a collection in which a search for a taxon has something to find."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.demo.real.api import PER_PAGE, Params
from indexer.demo.real.models import OPEN_LICENSES, Taxon
from reverse_search.domain.words import LIFE_TAXON_ID, MAIN_RANKS, RANK_LEVELS

RUNGS = 4
"""How many ancestors are asked for relatives and for coarsely identified observations."""

# Of all observations: two thirds are verified, half of all below the taxon; the rest is what a search looks through.
_SHARES = {"relatives": 0.10, "others": 0.08, "needs_id": 0.11, "coarse": 0.11, "unknown": 0.10}


@dataclass(frozen=True, slots=True)
class Part:
    """Observations of one kind.

    Attributes:
        name: of the kind.
        count: how many there should be.
        requests: parameters of requests that find some. Each gives its share; what one lacks, the next ones make up.
        pages: the most pages to read for each request.
        per_species: how many of one species to take while there are others; None if it doesn't matter.
    """

    name: str
    count: int
    requests: tuple[Params, ...]
    pages: int = 1
    per_species: int | None = None


def plan(taxon: Taxon, lineage: Sequence[Taxon], place: Params, observations: int) -> tuple[Part, ...]:
    """All parts; the first is that of verified observations of the taxon.

    The verified ones are exemplars and training photos. Those of relatives and of anything else from the same place
    teach what the taxon is not. Of the others some need an identification below the taxon, some have only got as far
    as an ancestor of it or of a relative, and some are Unknown.

    Args:
        taxon: that the collection is about.
        lineage: its ancestors from the root down.
        place: parameters that say where.
        observations: how many in all.
    """
    counts = {name: round(share * observations) for name, share in _SHARES.items()}
    verified = observations - sum(counts.values())
    base = dict(place) | {"photos": "true", "license": _LICENSES, "photo_license": _LICENSES}
    research, open_ones = base | {"quality_grade": "research"}, base | {"quality_grade": "needs_id"}
    inside, outside = {"taxon_id": str(taxon.id)}, {"without_taxon_id": str(taxon.id)}
    rungs = _rungs(taxon, lineage)
    relatives = tuple(research | outside | {"taxon_id": str(rung.id)} for rung in rungs)
    coarse = tuple(open_ones | outside | _no_finer_than(rung, taxon) for rung in rungs)
    pages = math.ceil(verified / PER_PAGE) + 3
    return (
        Part("verified", verified, (research | inside,), pages=pages, per_species=20),
        Part("relatives", counts["relatives"], relatives[:2], per_species=6),
        Part("others", counts["others"], (research | outside,), per_species=6),
        Part("needs_id", counts["needs_id"], (open_ones | inside,)),
        Part("coarse", counts["coarse"], coarse),
        Part("unknown", counts["unknown"], (open_ones | {"iconic_taxa": "unknown"},)),
    )


_LICENSES = ",".join(sorted(OPEN_LICENSES))


def _rungs(taxon: Taxon, lineage: Sequence[Taxon]) -> list[Taxon]:
    """The nearest ancestors of a main rank, from the taxon up."""
    above = [rung for rung in reversed(lineage) if rung.rank in MAIN_RANKS and rung.id not in (taxon.id, LIFE_TAXON_ID)]
    return above[:RUNGS]


def _no_finer_than(rung: Taxon, taxon: Taxon) -> dict[str, str]:
    """Below a rung, what is identified to a coarser rank than the taxon's, and no finer than the main rank below it."""
    coarser = [rank for rank in MAIN_RANKS if RANK_LEVELS[rank] > (taxon.level or 0.0)]
    below = MAIN_RANKS[MAIN_RANKS.index(rung.rank or "") + 1 :][:1]
    lrank = max([*coarser[-1:], *below], key=RANK_LEVELS.__getitem__)
    return {"taxon_id": str(rung.id), "lrank": lrank}
