"""What rows of an index are called outside of it."""

import uuid
from typing import Any

from reverse_search.domain.catalogue import GRADE_CODES
from reverse_search.domain.words import QualityGrade
from reverse_search.search.ports import ServedIndex

GRADES: dict[int, QualityGrade] = {code: grade for grade, code in GRADE_CODES.items()}


def photo_ids_of(index: ServedIndex, row: int) -> tuple[int, ...]:
    """The platform's ids of an observation's embedded photos, in order."""
    first = int(index.observations.first_photo[row])
    return tuple(int(p) for p in index.photos.photo_id[first : first + int(index.observations.photo_count[row])])


def uuid_text(raw: Any) -> str:
    """(16,) uint8 → the usual text form."""
    return str(uuid.UUID(bytes=bytes(raw)))
