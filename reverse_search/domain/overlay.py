"""What has changed since a generation was built, laid over its columns.

A night's columns are never changed. The few observations that were identified, regraded or deleted since are answered
from small columns of their own, built by the same rule.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import AnyArray, BoolArray, Int32Array
from reverse_search.domain.catalogue import ObservationColumns
from reverse_search.domain.evidence import Identification, evidence, rejections
from reverse_search.domain.lacking import HAS_IDENTIFICATION, IdentificationColumns
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.domain.words import QualityGrade


@dataclass(frozen=True, slots=True)
class Change:
    """One observation as it is now.

    Attributes:
        uuid: 16 bytes.
        taxon_id: its own taxon, None for none.
        quality_grade: as the platform says.
        deleted: gone from its source.
        list_is_complete: see `evidence`.
        identifications: all of them, withdrawn and hidden ones too.
    """

    uuid: bytes
    taxon_id: int | None
    quality_grade: QualityGrade
    deleted: bool
    list_is_complete: bool
    identifications: tuple[Identification, ...]


@dataclass(frozen=True, eq=False)
class OverlaidIdentifications(IdentificationColumns):
    """A night's evidence with that of changed observations instead of theirs.

    Attributes:
        rows: (m,) int32 changed observation rows.
        changed: the evidence of those, row i standing for `rows[i]`.
        gone: (g,) int32 rows that no search may show any more.
    """

    rows: Int32Array
    changed: IdentificationColumns
    gone: Int32Array

    def kinds(self, taxon: int, taxonomy: Taxonomy) -> AnyArray:
        """See IdentificationColumns. What is gone counts as identified."""
        kinds = super().kinds(taxon, taxonomy)
        kinds[self.rows] = self.changed.kinds(taxon, taxonomy)
        kinds[self.gone] = HAS_IDENTIFICATION
        return kinds

    def rejected(self, taxon: int, taxonomy: Taxonomy) -> BoolArray:
        """See IdentificationColumns."""
        rejected = super().rejected(taxon, taxonomy)
        rejected[self.rows] = self.changed.rejected(taxon, taxonomy)
        return rejected


def overlay(
    observations: ObservationColumns,
    identifications: IdentificationColumns,
    changes: Sequence[Change],
    taxonomy: Taxonomy,
) -> tuple[OverlaidIdentifications, list[Change]]:
    """The evidence as it is now, and what changed of its `rows`, in their order.

    Observations that the catalogue doesn't have are passed over: they have no vector.
    """
    found = [(row, change) for change in changes if (row := row_of(observations, change.uuid)) is not None]
    there = [(row, change) for row, change in found if not change.deleted]
    gone = np.array([row for row, change in found if change.deleted], dtype=np.int32)
    rows = np.array([row for row, _ in there], dtype=np.int32)
    changed = _evidence_of([change for _, change in there], taxonomy)
    said, finest = identifications.said.copy(), identifications.finest_level.copy()
    said[rows], finest[rows] = changed.said, changed.finest_level
    # Neither Unknown nor coarse: no pool has it.
    said[gone], finest[gone] = 1, 0
    overlaid = OverlaidIdentifications(
        nodes=identifications.nodes,
        observations=identifications.observations,
        said=said,
        finest_level=finest,
        denied=identifications.denied,
        denied_observations=identifications.denied_observations,
        rows=rows,
        changed=changed,
        gone=gone,
    )
    return overlaid, [change for _, change in there]


def row_of(observations: ObservationColumns, uuid: bytes) -> int | None:
    """Row of an observation by its uuid's 16 bytes, None where the catalogue doesn't have it."""
    stored = observations.uuid
    row = bisect_left(range(len(stored)), uuid, key=lambda i: bytes(stored[i]))
    return row if row < len(stored) and bytes(stored[row]) == uuid else None


def rows_of(observations: ObservationColumns, uuids: Sequence[bytes]) -> Int32Array:
    """Rows of many observations by their uuids' 16 bytes: (m,) int32, -1 where the catalogue doesn't have one."""
    wanted = np.frombuffer(b"".join(uuids), dtype=np.uint8).reshape(-1, 16)
    if not len(wanted) or not len(observations):
        return np.full(len(wanted), -1, dtype=np.int32)
    stored = np.ascontiguousarray(observations.uuid)
    # The catalogue is in order of uuid, and so of the first halves read as numbers.
    halves, keys = (np.ascontiguousarray(array).view(">u8")[:, 0].astype(np.uint64) for array in (stored, wanted))
    rows = np.searchsorted(halves, keys).astype(np.int64)
    last = len(stored) - 1
    while True:
        at = np.minimum(rows, last)
        right = (stored[at] == wanted).all(axis=1)
        # Others may share the first half, and lie before.
        go_on = ~right & (rows < last) & (halves[at] == keys)
        if not go_on.any():
            return np.where(right, at, -1).astype(np.int32)
        rows[go_on] += 1


def _evidence_of(changes: Sequence[Change], taxonomy: Taxonomy) -> IdentificationColumns:
    said: list[tuple[int, int]] = []
    denied: list[tuple[int, int]] = []
    for i, change in enumerate(changes):
        nodes = evidence(change.identifications, change.taxon_id, taxonomy, list_is_complete=change.list_is_complete)
        said += [(i, node) for node in nodes]
        denied += [(i, previous) for _, previous in rejections(change.identifications, taxonomy)]
    return IdentificationColumns.from_pairs(_columns(said), _columns(denied), len(changes), taxonomy)


def _columns(pairs: list[tuple[int, int]]) -> tuple[AnyArray, AnyArray]:
    array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]
