"""The sample that a projection is fitted on, kept on disk until its photos are embedded: no photo is run twice."""

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.domain.files import write_atomic


@dataclass(frozen=True, eq=False)
class RawVectors:
    """Raw vectors of photos that could be read.

    Attributes:
        photo_ids: (n,) int64.
        vectors: (n, raw_dim) float32.
        hashes: SHA-256 of each file.
    """

    photo_ids: IntArray
    vectors: FloatArray
    hashes: list[str]

    @classmethod
    def join(cls, parts: list["RawVectors"], dim: int) -> "RawVectors":
        """All parts, by ascending photo id. Of a photo that is in several, the first is taken."""
        ids = np.concatenate([np.zeros(0, dtype=np.int64), *(p.photo_ids for p in parts)])
        vectors = np.concatenate([np.zeros((0, dim), dtype=np.float32), *(p.vectors for p in parts)])
        hashes = [digest for p in parts for digest in p.hashes]
        ids, first = np.unique(ids, return_index=True)
        return cls(ids, vectors[first], [hashes[i] for i in first])

    def of(self, photo_ids: IntArray) -> "RawVectors":
        """Those of the given photos that are here."""
        here = np.isin(self.photo_ids, photo_ids)
        hashes = [self.hashes[i] for i in np.flatnonzero(here)]
        return RawVectors(self.photo_ids[here], self.vectors[here], hashes)


class RawSample:
    """Chunks of raw vectors in a folder; a chunk is there whole or not at all."""

    def __init__(self, folder: Path, dim: int) -> None:
        self._folder, self._dim = folder, dim

    def has(self, number: int) -> bool:
        """Whether a chunk has been kept."""
        return self._path(number).is_file()

    def keep(self, number: int, part: RawVectors) -> None:
        """Write a chunk."""
        self._folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(buffer, ids=part.photo_ids, vectors=part.vectors, hashes=np.array(part.hashes, dtype="U64"))
        write_atomic(self._path(number), buffer.getvalue())

    def load(self) -> RawVectors:
        """All chunks."""
        parts = []
        for path in sorted(self._folder.glob("*.npz")):
            with np.load(path, allow_pickle=False) as kept:
                parts.append(RawVectors(kept["ids"], kept["vectors"], kept["hashes"].tolist()))
        return RawVectors.join(parts, self._dim)

    def discard(self) -> None:
        """Delete the chunks: their photos have been embedded."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.npz"
