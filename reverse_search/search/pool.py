"""The observations in play: those that lack X, by kind, and pass what else was asked."""

from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import AnyArray, BoolArray
from reverse_search.domain.lacking import HAS_IDENTIFICATION, KIND_CODES, KINDS
from reverse_search.domain.personal import PersonalMarks
from reverse_search.domain.words import Kind
from reverse_search.search.filters import mask as passing
from reverse_search.search.ports import ServedIndex
from reverse_search.search.query import TaxonQuery


@dataclass(frozen=True, eq=False)
class Pool:
    """The observations in play.

    Attributes:
        kinds: (n_observations,) int8 code of KIND_CODES, or HAS_IDENTIFICATION.
        mask: (n_observations,) bool, those in play, of all kinds.
    """

    kinds: AnyArray
    mask: BoolArray

    def of_kind(self, kind: Kind | None) -> BoolArray:
        """Rows in play of one kind, or of all: (n_observations,) bool."""
        return self.mask if kind is None else self.mask & (self.kinds == KIND_CODES[kind])

    def counts(self) -> dict[Kind, int]:
        """How many rows of each kind are in play."""
        return {kind: int(np.count_nonzero(self.of_kind(kind))) for kind in KINDS}


def pool_of(index: ServedIndex, taxon: int, query: TaxonQuery, person: PersonalMarks | None = None) -> Pool:
    """The pool of a query for X, given as a node, without what the person who asks has put aside."""
    kinds = index.identifications.kinds(taxon, index.taxonomy)
    mask = (kinds != HAS_IDENTIFICATION) & index.observations.has_grade(query.grades) & index.observations.has_photo()
    if not query.include_rejected:
        mask &= ~index.identifications.rejected(taxon, index.taxonomy)
    if person is not None:
        mask &= ~person.hidden(taxon, index.taxonomy, len(mask))
    return Pool(kinds, passing(query.filters, index, among=mask))
