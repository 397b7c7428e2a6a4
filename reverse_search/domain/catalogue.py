"""What an index knows of observations and photos: one array an attribute, row-aligned."""

from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import AnyArray, BoolArray, FloatArray, Int32Array, IntArray
from reverse_search.domain.words import LICENSES, Captive, License, QualityGrade

GRADE_CODES: dict[QualityGrade, int] = {QualityGrade.CASUAL: 0, QualityGrade.NEEDS_ID: 1, QualityGrade.RESEARCH: 2}
CAPTIVE_CODES: dict[Captive, int] = {Captive.UNKNOWN: -1, Captive.NO: 0, Captive.YES: 1}
LICENSE_CODES: dict[License, int] = {word: code for code, word in enumerate(LICENSES)}
UNKNOWN_FLAG = -1
NO_DAY = -(2**31)
HAS_PHOTO, NO_PHOTO, UNREADABLE_PHOTO = 0, 1, 2


@dataclass(frozen=True, eq=False)
class ObservationColumns:
    """The catalogue: a row an observation, in order of uuid. All (n,) but `uuid`.

    Attributes:
        uuid: (n, 16) uint8.
        platform_id: int64, -1 where the source has none.
        observer_id: int64.
        taxon: int32 node of the observation's own taxon, -1 for none.
        quality_grade: int8, see GRADE_CODES.
        captive: int8, see CAPTIVE_CODES.
        latitude: float64 degrees, NaN where missing.
        longitude: float64 degrees, NaN where missing.
        accuracy_m: int32, -1 where missing.
        obscured: int8: 1 yes, 0 no, -1 unknown.
        observed_day: int32 days since 1970-01-01, NO_DAY where unknown.
        created_day: int32, likewise, in UTC.
        label: int32 node that it is verified as, -1 if it isn't.
        touched: int8, 1 where this tool had a part in the label, which then never measures it.
        photo_state: int8: HAS_PHOTO, NO_PHOTO or UNREADABLE_PHOTO.
        first_photo: int64 first row in PhotoColumns.
        photo_count: int32 rows there.
        license: int8 licence of the first photo, see LICENSE_CODES.
        iconic: int32 node of the finest iconic taxon at or above the own taxon, -1 for none.
    """

    uuid: AnyArray
    platform_id: IntArray
    observer_id: IntArray
    taxon: Int32Array
    quality_grade: AnyArray
    captive: AnyArray
    latitude: AnyArray
    longitude: AnyArray
    accuracy_m: Int32Array
    obscured: AnyArray
    observed_day: Int32Array
    created_day: Int32Array
    label: Int32Array
    touched: AnyArray
    photo_state: AnyArray
    first_photo: IntArray
    photo_count: Int32Array
    license: AnyArray
    iconic: Int32Array

    def __len__(self) -> int:
        return len(self.platform_id)

    def has_grade(self, grades: frozenset[QualityGrade]) -> BoolArray:
        """Rows of these quality grades: (n,) bool."""
        # Three words at most: comparing with each is ten times as fast as looking them up.
        found = np.zeros(len(self), dtype=np.bool_)
        for grade in grades:
            found |= self.quality_grade == GRADE_CODES[grade]
        return found

    def has_photo(self) -> BoolArray:
        """Rows with an embedded photo: (n,) bool."""
        return np.asarray(self.photo_state == HAS_PHOTO)


@dataclass(frozen=True, eq=False)
class PhotoColumns:
    """Embedded photos, consecutive by observation, then by position. All (n,).

    Attributes:
        photo_id: int64.
        observation: int32 row in ObservationColumns.
        vector_row: int64 row in the embedding segments.
        by_vector: int64 photo rows in ascending order of vector_row.
    """

    photo_id: IntArray
    observation: Int32Array
    vector_row: IntArray
    by_vector: IntArray

    def __len__(self) -> int:
        return len(self.photo_id)

    def of_observations(self, rows: IntArray, observations: ObservationColumns) -> tuple[IntArray, IntArray]:
        """Photo rows of some observations, and for each the index into `rows` it belongs to."""
        counts = observations.photo_count[rows].astype(np.int64)
        owner = np.repeat(np.arange(len(rows)), counts)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        return observations.first_photo[rows][owner] + within, owner

    def with_vectors(self, vector_rows: IntArray) -> IntArray:
        """All photo rows that use any of these vectors; a photo may stand in several observations."""
        ordered = self.vector_row[self.by_vector]
        low = np.searchsorted(ordered, vector_rows, side="left")
        high = np.searchsorted(ordered, vector_rows, side="right")
        spans = [self.by_vector[a:b] for a, b in zip(low, high, strict=True)]
        return np.concatenate(spans) if spans else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class ExemplarColumns:
    """Verified photos chosen to stand for a taxon, at most a few hundred each, the most diverse first.

    Attributes:
        nodes: (n_taxa,) int32 ascending.
        starts: (n_taxa + 1,) int64.
        photos: (n,) int64 photo rows.
    """

    nodes: Int32Array
    starts: IntArray
    photos: IntArray

    def of(self, taxon: int) -> IntArray:
        """Photo rows that stand for one node; empty where nothing is verified."""
        at = int(np.searchsorted(self.nodes, np.int32(taxon)))
        if at == len(self.nodes) or self.nodes[at] != taxon:
            return np.zeros(0, dtype=np.int64)
        return self.photos[self.starts[at] : self.starts[at + 1]]


@dataclass(frozen=True, eq=False)
class SuggestionColumns:
    """What the gate said of each observation of the triage pools. All (n,).

    Attributes:
        observation: int32 row.
        taxon: int32 node suggested, -1 when nothing is.
        probability: float32 that the suggestion is right, NaN when nothing is suggested.
        reason: int8, index into AbstainReason, -1 for a suggestion.
        place: int8: 1 recorded nearby, 0 not checked.
        exemplars: (n, 3) int64 photo rows nearest to it, -1 where there are fewer.
    """

    observation: Int32Array
    taxon: Int32Array
    probability: FloatArray
    reason: AnyArray
    place: AnyArray
    exemplars: IntArray
