"""What a taxon search is asked."""

from dataclasses import dataclass
from datetime import date

from reverse_search.domain.words import RANK_LEVELS, Captive, Kind, License, QualityGrade
from reverse_search.errors import BadRequest
from reverse_search.geo.areas import Box, Near, Polygons

DEFAULT_GRADES = frozenset({QualityGrade.NEEDS_ID, QualityGrade.RESEARCH})
NO_ICONIC_TAXON = 0
"""Stands among iconic taxa for observations that have none: the platform's "unknown"."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What observations must be like, whatever they are identified as. None, or an empty set, asks nothing.

    An area takes coordinates as they are shown: an observation that is obscured or inaccurate lies where its point
    lies, though its organism may have been elsewhere. One without coordinates lies in no area, and one without a date
    on no day.

    Attributes:
        bbox: a rectangle of degrees.
        near: a circle, by great-circle distance.
        polygon: polygons; a point in any of them is in.
        observed_from: first day of observation.
        observed_to: last day of observation.
        created_from: first day, in UTC, on which it was added to the platform.
        created_to: last such day.
        captive: any of these.
        has_coordinates: whether there are any.
        observer_ids: any of these people made it.
        licenses: any of these is the licence of its first photo.
        iconic_taxa: any of these (ids) is the iconic taxon of its own taxon; NO_ICONIC_TAXON for those without.
        lowest_rank: its finest identification is at this rank or a coarser one.
        highest_rank: its finest identification is at this rank or a finer one. Unknowns have no rank, and are left
            out where either is given; so are those with a taxon that the taxonomy doesn't know.
    """

    bbox: Box | None = None
    near: Near | None = None
    polygon: Polygons | None = None
    observed_from: date | None = None
    observed_to: date | None = None
    created_from: date | None = None
    created_to: date | None = None
    captive: frozenset[Captive] = frozenset()
    has_coordinates: bool | None = None
    observer_ids: frozenset[int] = frozenset()
    licenses: frozenset[License] = frozenset()
    iconic_taxa: frozenset[int] = frozenset()
    lowest_rank: str | None = None
    highest_rank: str | None = None

    def __post_init__(self) -> None:
        _in_order("observed", self.observed_from, self.observed_to)
        _in_order("created", self.created_from, self.created_to)
        for rank in (self.lowest_rank, self.highest_rank):
            if rank is not None and rank not in RANK_LEVELS:
                raise BadRequest(f"no rank is called {rank!r}; use one of {', '.join(RANK_LEVELS)}")
        if self.lowest_rank and self.highest_rank and RANK_LEVELS[self.lowest_rank] > RANK_LEVELS[self.highest_rank]:
            raise BadRequest(
                f"no rank is from {self.lowest_rank} up to {self.highest_rank}; the lowest, finest rank comes first"
            )


def _in_order(what: str, first: date | None, last: date | None) -> None:
    if first is not None and last is not None and first > last:
        raise BadRequest(f"nothing is {what} from {first} to {last}; the earlier day comes first")


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class TaxonQuery:
    """What is asked.

    Attributes:
        taxon_id: X.
        kind: only candidates of this kind; None for all.
        limit: how many candidates at most.
        offset: how many of the best to pass over: the pages before this one.
        grades: quality grades in play.
        include_rejected: also those where somebody's disagreement rules X out.
        filters: what else observations in play must be like.
    """

    taxon_id: int
    kind: Kind | None = None
    limit: int = 30
    offset: int = 0
    grades: frozenset[QualityGrade] = DEFAULT_GRADES
    include_rejected: bool = False
    filters: Filters = NO_FILTERS
