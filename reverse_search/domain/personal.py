"""What one person has put aside: it stays in nobody else's way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import BoolArray, Int32Array
from reverse_search.domain.catalogue import ObservationColumns
from reverse_search.domain.overlay import rows_of
from reverse_search.domain.taxonomy import NO_TAXON, Taxonomy


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that a person did with an observation and hasn't taken back.

    Attributes:
        uuid: the observation's 16 bytes.
        refused_taxon_id: the taxon that they said it is not; None where they are done with the observation altogether:
            it is marked as reviewed, or they have said what it is.
    """

    uuid: bytes
    refused_taxon_id: int | None = None


@dataclass(frozen=True, eq=False)
class PersonalMarks:
    """A person's marks as rows of a catalogue.

    Attributes:
        reviewed: (m,) int32 rows that they are done with.
        refused: (r,) int32 rows that they said are not a taxon.
        refused_nodes: (r,) int32 node of that taxon.
    """

    reviewed: Int32Array
    refused: Int32Array
    refused_nodes: Int32Array

    @classmethod
    def of(cls, marks: Sequence[Mark], observations: ObservationColumns, taxonomy: Taxonomy) -> "PersonalMarks":
        """Find the rows. Observations that the catalogue doesn't have, and taxa that nobody knows, are passed over."""
        rows = rows_of(observations, [mark.uuid for mark in marks])
        node_of = [NO_TAXON if m.refused_taxon_id is None else taxonomy.resolve(m.refused_taxon_id) for m in marks]
        nodes = np.array(node_of, dtype=np.int32)
        refusal = np.array([mark.refused_taxon_id is not None for mark in marks], dtype=np.bool_)
        there = rows >= 0
        said = there & refusal & (nodes != NO_TAXON)
        return cls(reviewed=rows[there & ~refusal], refused=rows[said], refused_nodes=nodes[said])

    def hidden(self, taxon: int, taxonomy: Taxonomy, n_observations: int) -> BoolArray:
        """Which observations this person shouldn't see in a search for X: (n_observations,) bool.

        Those they are done with, and those that they said are not X or not a taxon that X is part of.
        """
        mask = np.zeros(n_observations, dtype=np.bool_)
        mask[self.reviewed] = True
        mask[self.refused[np.isin(self.refused_nodes, taxonomy.lineage(taxon))]] = True
        return mask
