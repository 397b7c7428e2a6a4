"""What a taxon search is asked."""

from dataclasses import dataclass

from reverse_search.domain.words import Kind, QualityGrade

DEFAULT_GRADES = frozenset({QualityGrade.NEEDS_ID, QualityGrade.RESEARCH})


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
    """

    taxon_id: int
    kind: Kind | None = None
    limit: int = 30
    offset: int = 0
    grades: frozenset[QualityGrade] = DEFAULT_GRADES
    include_rejected: bool = False
