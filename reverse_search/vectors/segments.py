"""Embeddings on disk: append-only segments, each written whole or not at all and never changed.

SEGMENTS/<backbone8>/000123/vectors.f16          (count, dim) float16, unit rows
                            photo_ids.i64        (count,) int64
                            content_hashes.u8    (count, 32) uint8, SHA-256 of each photo's bytes
                            segment.json         backbone, counts, failures and the digest of each file
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from reverse_search.domain.arrays import AnyArray, FloatArray, IntArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.domain.files import load_array, replace_dir, sha256_of
from reverse_search.errors import CorruptFile
from reverse_search.vectors.halves import to_single
from reverse_search.vectors.segment_files import (
    HASH_BYTES,
    HASHES,
    HEADER,
    PHOTO_IDS,
    VECTORS,
    Failure,
    Header,
    checked_hashes,
    checked_vectors,
    read_header,
)

_ASIDE = ".building-"


class SegmentWriter:
    """Appends segments of one backbone. One writer at a time: whoever runs it holds the job's lock."""

    def __init__(self, root: Path, backbone: BackboneId) -> None:
        """Open for writing, and clear away what an earlier writer left unfinished.

        Args:
            root: the folder of all segments; made if missing.
            backbone: whose vectors will be appended.

        Raises:
            BackboneMismatch: the folder of this backbone holds segments of another.
            CorruptFile: the description of a segment can't be read.
        """
        self._folder = root / backbone.short
        self._backbone = backbone
        self._folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(leftover)
        for number in _numbers_in(self._folder):
            backbone.require(read_header(_path(self._folder, number)).backbone)

    def append(
        self,
        photo_ids: IntArray,
        vectors: FloatArray,
        content_hashes: Sequence[str],
        failures: Mapping[int, Failure],
    ) -> int:
        """Write the next segment.

        Args:
            photo_ids: (n,) int64, unique; n may be 0 where all photos failed.
            vectors: (n, dim) float32, finite, unit norm within 1e-3; stored as float16.
            content_hashes: n hex SHA-256 of the photos' bytes.
            failures: photo id → (reason, detail) of photos that got no vector.

        Returns:
            The segment's number.

        Raises:
            ValueError: any of these doesn't hold, or a photo both has a vector and failed.
        """
        ids = np.asarray(photo_ids, dtype=np.int64)
        halves = checked_vectors(ids, vectors, self._backbone.dim)
        hashes = checked_hashes(content_hashes, len(ids))
        if not failures.keys().isdisjoint(ids.tolist()):
            raise ValueError("a photo can't both have a vector and have failed")
        number = max(_numbers_in(self._folder), default=0) + 1
        aside = self._folder / f"{_ASIDE}{number:06d}"
        shutil.rmtree(aside, ignore_errors=True)  # of an append that failed in this process
        aside.mkdir()
        for name, array in ((VECTORS, halves), (PHOTO_IDS, ids), (HASHES, hashes)):
            (aside / name).write_bytes(array.tobytes())
        digests = {name: sha256_of(aside / name) for name in (VECTORS, PHOTO_IDS, HASHES)}
        header = Header(self._backbone, len(ids), dict(failures), digests)
        (aside / HEADER).write_bytes(header.to_json())
        replace_dir(aside, _path(self._folder, number))
        return number


@dataclass(frozen=True, eq=False)
class _Segment:
    number: int
    path: Path
    header: Header
    photo_ids: IntArray
    vectors: AnyArray

    @property
    def count(self) -> int:
        return self.header.count

    def reference(self) -> dict[str, Any]:
        digests = self.header.digests | {HEADER: sha256_of(self.path / HEADER)}
        return {"number": self.number, "count": self.count, "sha256": digests}


class SegmentSet:
    """Segments of one backbone as one array of rows: row = place in the concatenation by ascending number.

    Opened once and never changed; safe to read from many threads. What is appended later is seen by the next open.
    """

    def __init__(self, segments: Sequence[_Segment], dim: int) -> None:
        self._segments = tuple(segments)
        self._dim = dim
        self._starts = np.cumsum([0, *(s.count for s in segments)], dtype=np.int64)

    @classmethod
    def open(cls, root: Path, backbone: BackboneId, numbers: Sequence[int] | None = None) -> "SegmentSet":
        """Map the segments of a backbone.

        Args:
            root: the folder of all segments. One that doesn't exist yet is an empty set.
            backbone: whose vectors.
            numbers: which segments, in the order of their rows; all by default.

        Raises:
            BackboneMismatch: a segment was made by another backbone.
            CorruptFile: a segment is missing, truncated or unreadable.
        """
        folder = root / backbone.short
        chosen = _numbers_in(folder) if numbers is None else numbers
        return cls([_open_segment(folder, number, backbone) for number in chosen], backbone.dim)

    @classmethod
    def open_references(cls, root: Path, backbone: BackboneId, references: Sequence[Mapping[str, Any]]) -> "SegmentSet":
        """Map exactly the segments that `references` of an earlier set named, in that order.

        Raises:
            BackboneMismatch: a segment was made by another backbone.
            CorruptFile: a segment is missing, truncated, or not the one that was referred to.
        """
        found = cls.open(root, backbone, [int(r["number"]) for r in references])
        for segment, reference in zip(found._segments, references, strict=True):
            if segment.reference() != dict(reference):
                raise CorruptFile(f"{segment.path / HEADER} is not of the segment that was referred to; build anew")
        return found

    @property
    def count(self) -> int:
        """Number of rows."""
        return int(self._starts[-1])

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the segments, in the order of their rows."""
        return tuple(s.number for s in self._segments)

    @cached_property
    def photo_ids(self) -> IntArray:
        """(count,) int64, read-only. A photo whose content changed occurs once for each content."""
        ids = np.concatenate([np.zeros(0, dtype=np.int64), *(s.photo_ids for s in self._segments)])
        ids.setflags(write=False)
        return ids

    def content_hashes(self) -> AnyArray:
        """(count, 32) uint8: SHA-256 of each row's photo. Read from disk at each call."""
        parts = [load_array(s.path / HASHES, np.uint8, (s.count, HASH_BYTES)) for s in self._segments]
        return np.concatenate([np.zeros((0, HASH_BYTES), dtype=np.uint8), *parts])

    def failures(self) -> dict[int, Failure]:
        """Photo id → (reason, detail) as last recorded, of photos that have no vector in any of these segments."""
        merged: dict[int, Failure] = {}
        for segment in self._segments:
            merged |= segment.header.failures
        if not merged:
            return merged
        solved = set(np.intersect1d(np.fromiter(merged, dtype=np.int64), self.photo_ids).tolist())
        return {photo_id: why for photo_id, why in merged.items() if photo_id not in solved}

    def gather(self, rows: IntArray) -> FloatArray:
        """Vectors of any rows.

        Args:
            rows: (m,) int64, in any order, repeats allowed; ascending is fastest.

        Returns:
            (m, dim) float32.

        Raises:
            IndexError: a row is negative or beyond the last.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if len(rows) and (rows.min() < 0 or rows.max() >= self.count):
            raise IndexError(f"rows must be within 0 and {self.count - 1}")
        if np.all(rows[1:] >= rows[:-1]):
            return self._gather_ascending(rows)
        order = np.argsort(rows, kind="stable")
        out = np.empty((len(rows), self._dim), dtype=np.float32)
        out[order] = self._gather_ascending(rows[order])
        return out

    def _gather_ascending(self, rows: IntArray) -> FloatArray:
        out = np.empty((len(rows), self._dim), dtype=np.float32)
        bounds = np.searchsorted(rows, self._starts)
        for i in np.flatnonzero(np.diff(bounds)).tolist():
            first, last = bounds[i], bounds[i + 1]
            to_single(self._segments[i].vectors[rows[first:last] - self._starts[i]], out[first:last])
        return out

    def block(self, start: int, stop: int) -> FloatArray:
        """Vectors of rows start to stop - 1: (stop - start, dim) float32. Raises IndexError beyond the ends."""
        if not 0 <= start <= stop <= self.count:
            raise IndexError(f"rows {start} to {stop} are not within 0 and {self.count}")
        out = np.empty((stop - start, self._dim), dtype=np.float32)
        first = int(np.searchsorted(self._starts, start, side="right")) - 1
        for segment, base in zip(self._segments[first:], self._starts[first:].tolist(), strict=False):
            if base >= stop:
                break
            low, high = max(start, base), min(stop, base + segment.count)
            to_single(segment.vectors[low - base : high - base], out[low - start : high - start])
        return out

    def iter_blocks(self, size: int) -> Iterator[tuple[int, FloatArray]]:
        """(first row, vectors) of consecutive blocks of `size` rows; the last may be shorter."""
        for start in range(0, self.count, size):
            yield start, self.block(start, min(start + size, self.count))

    def references(self) -> list[dict[str, Any]]:
        """What a manifest needs to find the same rows again: number, count and SHA-256 of each file, as JSON types."""
        return [segment.reference() for segment in self._segments]

    def verify(self) -> None:
        """Re-hash every file: flipped bytes would open and answer silently otherwise. Raises CorruptFile."""
        for segment in self._segments:
            for name, digest in segment.header.digests.items():
                if sha256_of(segment.path / name) != digest:
                    raise CorruptFile(
                        f"{segment.path / name} has changed since it was written; embed these photos anew"
                    )


def referenced_files(
    root: Path, backbone: BackboneId, references: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Path, str]]:
    """Each file that `references` of an earlier set named, and its SHA-256 then; whether it is still there or not."""
    for reference in references:
        folder = _path(root / backbone.short, int(reference["number"]))
        yield from ((folder / name, digest) for name, digest in reference["sha256"].items())


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}"


def _numbers_in(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    return sorted(int(p.name) for p in folder.iterdir() if p.name.isdecimal() and p.is_dir())


def _open_segment(folder: Path, number: int, backbone: BackboneId) -> _Segment:
    path = _path(folder, number)
    header = read_header(path)
    backbone.require(header.backbone)
    vectors = load_array(path / VECTORS, np.float16, (header.count, backbone.dim))
    # Ids are copied: they are small and read whole, and each mapping would keep a file open.
    ids = np.array(load_array(path / PHOTO_IDS, np.int64, (header.count,)))
    load_array(path / HASHES, np.uint8, (header.count, HASH_BYTES))
    return _Segment(number, path, header, ids, vectors)
