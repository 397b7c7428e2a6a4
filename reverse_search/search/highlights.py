"""Taxa worth a look: those for which most observations wait that probably are it but lack the ID."""

from dataclasses import dataclass

import numpy as np

from reverse_search.classify.postings import Postings
from reverse_search.domain.lacking import HAS_IDENTIFICATION, KIND_CODES
from reverse_search.domain.words import MAIN_RANKS, Kind
from reverse_search.search.ports import ServedIndex
from reverse_search.search.query import DEFAULT_GRADES

RANKS: tuple[str, ...] = ("family", "genus", "species")
LIKELY = 0.5
LOOKED_AT = 40
"""Taxa of a rank whose observations are counted exactly; chosen by how many likely ones are posted."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A taxon with likely candidates.

    Attributes:
        taxon_id: the platform's.
        name: scientific name.
        rank: family, genus or species.
        likely: observations that the classifier holds to be it with 0.5 or more, and that lack the ID.
        unknown: how many of those nobody has identified.
        exemplar_photo_id: a photo that stands for it, None without one.
    """

    taxon_id: int
    name: str
    rank: str
    likely: int
    unknown: int
    exemplar_photo_id: int | None


def highlights(index: ServedIndex, limit: int = 6) -> dict[str, tuple[Highlight, ...]]:
    """For each of RANKS, the taxa with most likely candidates, at most `limit`, most first."""
    return {rank: _of_rank(index, rank, limit) for rank in RANKS}


def _of_rank(index: ServedIndex, rank: str, limit: int) -> tuple[Highlight, ...]:
    postings, taxonomy = index.postings, index.taxonomy
    span = _level(postings, 1 + MAIN_RANKS.index(rank))
    strong = postings.probabilities[span] >= LIKELY
    nodes, counts = np.unique(postings.nodes[span][strong], return_counts=True)
    most = nodes[np.argsort(-counts, kind="stable")]
    looked_at = [int(n) for n in most if taxonomy.ranks[int(n)] == rank][:LOOKED_AT]
    in_play = index.observations.has_grade(DEFAULT_GRADES)
    found = []
    for node in looked_at:
        rows, probabilities = postings.best(node, taxonomy)
        rows = rows[(probabilities >= LIKELY) & in_play[rows]]
        kinds = index.identifications.kinds(node, taxonomy)[rows]
        kinds = kinds[~index.identifications.rejected(node, taxonomy)[rows]]
        if (lacking := int((kinds != HAS_IDENTIFICATION).sum())) > 0:
            found.append(_highlight(index, node, lacking, int((kinds == KIND_CODES[Kind.UNKNOWN]).sum())))
    return tuple(sorted(found, key=lambda h: (-h.likely, h.name))[:limit])


def _highlight(index: ServedIndex, node: int, likely: int, unknown: int) -> Highlight:
    exemplars = index.exemplars.of(node)
    return Highlight(
        taxon_id=int(index.taxonomy.taxon_ids[node]),
        name=index.taxonomy.names[node],
        rank=index.taxonomy.ranks[node],
        likely=likely,
        unknown=unknown,
        exemplar_photo_id=int(index.photos.photo_id[exemplars[0]]) if len(exemplars) else None,
    )


def _level(postings: Postings, level: int) -> slice:
    start, stop = np.searchsorted(postings.levels, np.array([level, level + 1], dtype=postings.levels.dtype))
    return slice(int(start), int(stop))
