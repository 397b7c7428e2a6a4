"""A generation with what has changed since laid over it."""

from collections.abc import Sequence
from dataclasses import replace

from reverse_search.domain.arrays import Int32Array
from reverse_search.domain.catalogue import GRADE_CODES, ObservationColumns
from reverse_search.domain.overlay import Change, overlay
from reverse_search.domain.taxonomy import NO_TAXON, Taxonomy
from reverse_search.generation.opened import Generation
from reverse_search.geo.iconic import iconic_of_nodes


def overlaid(generation: Generation, changes: Sequence[Change]) -> Generation:
    """The generation as it is now: the same files, with small columns for what changed.

    Labels, exemplars, presence and suggestions stay those of the night: they are what its head was measured with.
    """
    if not changes:
        return generation
    taxonomy = generation.taxonomy
    identifications, there = overlay(generation.observations, generation.identifications, changes, taxonomy)
    observations = _as_now(generation.observations, identifications.rows, there, taxonomy)
    return replace(generation, identifications=identifications, observations=observations)


def _as_now(
    observations: ObservationColumns, rows: Int32Array, changes: Sequence[Change], taxonomy: Taxonomy
) -> ObservationColumns:
    grades, taxa = observations.quality_grade.copy(), observations.taxon.copy()
    iconic, iconic_of = observations.iconic.copy(), iconic_of_nodes(taxonomy)
    for row, change in zip(rows, changes, strict=True):
        node = NO_TAXON if change.taxon_id is None else taxonomy.resolve(change.taxon_id)
        grades[row], taxa[row] = GRADE_CODES[change.quality_grade], node
        iconic[row] = iconic_of[node]
    return replace(observations, quality_grade=grades, taxon=taxa, iconic=iconic)
