"""What lies in one segment's folder, and what may be written to it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.errors import CorruptFile

SCHEMA = 1
VECTORS = "vectors.f16"
PHOTO_IDS = "photo_ids.i64"
HASHES = "content_hashes.u8"
HEADER = "segment.json"
HASH_BYTES = 32
NORM_TOLERANCE = 1e-3

Failure = tuple[str, str]
"""Why a photo has no vector: a short, stable reason and the detail."""


@dataclass(frozen=True, eq=False)
class Header:
    """The description of a segment.

    Attributes:
        backbone: whose vectors it holds.
        count: how many.
        failures: photo id → why it has no vector.
        digests: file name → hex SHA-256.
    """

    backbone: BackboneId
    count: int
    failures: dict[int, Failure]
    digests: dict[str, str]

    def to_json(self) -> bytes:
        """The description as it is written."""
        page = {
            "schema": SCHEMA,
            "backbone": asdict(self.backbone),
            "count": self.count,
            "dim": self.backbone.dim,
            "failures": {str(photo_id): list(why) for photo_id, why in sorted(self.failures.items())},
            "sha256": self.digests,
        }
        return json.dumps(page, indent=1, sort_keys=True).encode()


def read_header(folder: Path) -> Header:
    """Read the description of a segment. Raises CorruptFile if it is missing, unreadable or of another layout."""
    path = folder / HEADER
    try:
        page = json.loads(path.read_text(encoding="utf-8"))
        if page["schema"] != SCHEMA:
            raise ValueError(f"layout {page['schema']} instead of {SCHEMA}")
        failures = {int(photo_id): (str(why[0]), str(why[1])) for photo_id, why in page["failures"].items()}
        return Header(BackboneId(**page["backbone"]), int(page["count"]), failures, dict(page["sha256"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise CorruptFile(f"{path} can't be read ({error}); embed its photos anew, or restore a copy") from error


def checked_vectors(photo_ids: IntArray, vectors: FloatArray, dim: int) -> npt.NDArray[np.float16]:
    """Check ids and vectors of a new segment, and halve the precision.

    Args:
        photo_ids: (n,) int64.
        vectors: (n, dim) float32.
        dim: the backbone's.

    Returns:
        (n, dim) float16.

    Raises:
        ValueError: wrong shape, repeated ids, or a vector that is not finite or not of unit norm.
    """
    if photo_ids.ndim != 1 or vectors.shape != (len(photo_ids), dim):
        raise ValueError(f"{photo_ids.shape} ids need vectors of shape ({len(photo_ids)}, {dim}), not {vectors.shape}")
    if len(np.unique(photo_ids)) != len(photo_ids):
        raise ValueError("a photo occurs twice in one segment")
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.linalg.norm(vectors, axis=1)
    # Written this way round, NaN and infinity fail too.
    if not np.all(np.abs(norms - 1.0) <= NORM_TOLERANCE):
        worst = int(np.argmax(~(np.abs(norms - 1.0) <= NORM_TOLERANCE)))
        raise ValueError(f"the vector of photo {photo_ids[worst]} has norm {norms[worst]}; unit norm is needed")
    return np.asarray(vectors, dtype=np.float16)


def checked_hashes(content_hashes: Sequence[str], count: int) -> npt.NDArray[np.uint8]:
    """(count, 32) uint8 from hex digests. Raises ValueError where one is no SHA-256, or their number is wrong."""
    if len(content_hashes) != count:
        raise ValueError(f"{count} vectors need as many content hashes, not {len(content_hashes)}")
    raw = [bytes.fromhex(digest) for digest in content_hashes]
    if any(len(digest) != HASH_BYTES for digest in raw):
        raise ValueError("a content hash must be a hex SHA-256 of 64 digits")
    return np.frombuffer(b"".join(raw), dtype=np.uint8).reshape(count, HASH_BYTES)
