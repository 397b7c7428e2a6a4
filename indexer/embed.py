"""The embedding step: every photo that has no vector yet gets one, in segments that are written whole or not at all."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from indexer.backbones.base import ModelFacts
from indexer.backbones.process import EmbeddedBatch
from indexer.backbones.projection import MAX_SAMPLE, MIN_SAMPLE, Projection, unit_rows
from indexer.photos import PhotoRef
from indexer.raw_sample import RawSample, RawVectors
from reverse_search.domain.arrays import BoolArray, IntArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.errors import PhotoMissing, PhotoProblem, PhotoUnreachable, PhotoUnreadable
from reverse_search.store import columns as stored
from reverse_search.vectors.segments import SegmentSet, SegmentWriter

LEAST_CHUNK = 1024
MOST_SEGMENTS = 48
"""A segment holds at least a 48th of the collection, so that few are open at once. A killed job loses at most one
segment's work, and goes on at the same boundaries."""
PROBLEMS: dict[str, type[PhotoProblem]] = {
    problem.reason: problem for problem in (PhotoMissing, PhotoUnreadable, PhotoUnreachable)
}
Progress = Callable[[int, int], None]
RecordProblems = Callable[[Mapping[int, PhotoProblem | None]], None]


class RunningBackbone(Protocol):
    """What turns files into raw vectors: a BackboneProcess."""

    @property
    def facts(self) -> ModelFacts:
        """Which model it runs."""
        ...

    def embed(self, paths: Sequence[Path]) -> Iterator[EmbeddedBatch]:
        """Raw vectors of photos, in batches, in order."""
        ...


class PhotoSource(Protocol):
    """Where photo files come from."""

    def fetch_many(self, wanted: Sequence[PhotoRef]) -> Iterator[tuple[PhotoRef, Path | PhotoProblem]]:
        """A local file for each photo, or why there is none, in order."""
        ...


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """What the step did."""

    backbone: BackboneId
    embedded: int
    problems: int


@dataclass(frozen=True, eq=False)
class Embedder:
    """Embeds photos into the segments of one data directory.

    Attributes:
        home: the data directory.
        process: the running backbone.
        source: photo files.
        use_projection: whether raw vectors are projected where enough photos are there to fit on.
        record: told of every photo's problem, or that it has none any more.
        refit: fit a projection even if raw vectors are there already.
    """

    home: Path
    process: RunningBackbone
    source: PhotoSource
    use_projection: bool
    record: RecordProblems
    refit: bool = False

    def run(self, photos: stored.PhotoColumns, progress: Progress) -> EmbedReport:
        """Embed all photos that need it: new ones by ascending id, then those that failed before."""
        projection = self._projection(photos, progress)
        backbone = backbone_id(self.process.facts, projection)
        existing = SegmentSet.open(self.home / "segments", backbone)
        self.record(_problems_of(existing.failures(), existing.photo_ids))
        fresh, retried = pending(photos, existing)
        writer = SegmentWriter(self.home / "segments", backbone)
        kept = self._sample().load()
        embedded = failed = 0
        size = chunk_size(photos)
        for refs in (*_chunks(fresh, size), *_chunks(retried, size)):
            good, bad = self._embed_chunk(refs, projection, kept, writer)
            embedded, failed = embedded + good, failed + bad
            progress(embedded + failed, len(fresh) + len(retried))
        self._sample().discard()
        return EmbedReport(backbone, embedded, failed)

    def _embed_chunk(
        self, refs: Sequence[PhotoRef], projection: Projection | None, kept: RawVectors, writer: SegmentWriter
    ) -> tuple[int, int]:
        sampled = kept.of(np.array([ref.photo_id for ref in refs], dtype=np.int64))
        known = set(sampled.photo_ids.tolist())
        embedded, problems = self._raw_vectors([ref for ref in refs if ref.photo_id not in known])
        raw = RawVectors.join([sampled, embedded], self.process.facts.dim)
        if len(raw.photo_ids):
            vectors = projection.apply(raw.vectors) if projection else unit_rows(raw.vectors)
            failures = {photo_id: (p.reason, str(p)) for photo_id, p in problems.items()}
            writer.append(raw.photo_ids, vectors, raw.hashes, failures)
        solved: dict[int, PhotoProblem | None] = dict.fromkeys(raw.photo_ids.tolist())
        self.record(solved | problems)
        return len(solved), len(problems)

    def _raw_vectors(self, refs: Sequence[PhotoRef]) -> tuple[RawVectors, dict[int, PhotoProblem]]:
        problems: dict[int, PhotoProblem] = {}
        found: list[tuple[int, Path]] = []
        for ref, result in self.source.fetch_many(refs):
            if isinstance(result, PhotoProblem):
                problems[ref.photo_id] = result
            else:
                found.append((ref.photo_id, result))
        ids, hashes, parts = [], [], [np.zeros((0, self.process.facts.dim), dtype=np.float32)]
        waiting = iter(found)
        for batch in self.process.embed([path for _, path in found]):
            for problem, (photo_id, _) in zip(batch.problems, waiting, strict=False):
                if problem is None:
                    ids.append(photo_id)
                else:
                    problems[photo_id] = PROBLEMS[problem[0]](problem[1])
            parts.append(batch.vectors)
            hashes.extend(batch.hashes)
        return RawVectors(np.array(ids, dtype=np.int64), np.concatenate(parts), hashes), problems

    def _folder(self) -> Path:
        return self.home / "projections" / facts_digest(self.process.facts)[:8]

    def _sample(self) -> RawSample:
        return RawSample(self._folder() / "sample", self.process.facts.dim)

    def _projection(self, photos: stored.PhotoColumns, progress: Progress) -> Projection | None:
        """The projection of this model: stored, or fitted now on a sample. None where raw vectors are kept."""
        path = self._folder() / "projection.npz"
        if not self.use_projection:
            return None
        if path.is_file():
            return Projection.load(path)
        if not self.refit and self._has_raw_segments():
            return None
        self._embed_sample(photos, progress)
        sample = self._sample().load().vectors
        if len(sample) < MIN_SAMPLE:
            return None
        projection = Projection.fit(sample)
        path.parent.mkdir(parents=True, exist_ok=True)
        projection.save(path)
        return projection

    def _has_raw_segments(self) -> bool:
        """Whether the collection began with too few photos to fit on; it stays as it is until a refit is asked for."""
        return SegmentSet.open(self.home / "segments", backbone_id(self.process.facts, None)).count > 0

    def _embed_sample(self, photos: stored.PhotoColumns, progress: Progress) -> None:
        """Keep raw vectors of a bounded sample that doesn't depend on the order of ids."""
        refs = _refs(photos, np.ones(len(photos), dtype=np.bool_))
        if len(refs) < MIN_SAMPLE:
            return
        by_hash = sorted(refs, key=lambda ref: hashlib.blake2b(str(ref.photo_id).encode(), digest_size=8).digest())
        chosen = sorted(by_hash[:MAX_SAMPLE], key=lambda ref: ref.photo_id)
        kept = self._sample()
        for number, chunk in enumerate(_chunks(chosen, LEAST_CHUNK)):
            if not kept.has(number):
                kept.keep(number, self._raw_vectors(chunk)[0])
            progress(min((number + 1) * LEAST_CHUNK, len(chosen)), len(chosen))


def pending(photos: stored.PhotoColumns, existing: SegmentSet) -> tuple[list[PhotoRef], list[PhotoRef]]:
    """Photos without a vector: those never tried, and those that failed, each by ascending id.

    What the segments say of failures counts too: a kill may have come before the database heard of them.
    """
    missing = ~np.isin(photos.photo_ids, existing.photo_ids)
    tried = np.fromiter(existing.failures(), dtype=np.int64)
    failed = (photos.problems != 0) | np.isin(photos.photo_ids, tried)
    return _refs(photos, missing & ~failed), _refs(photos, missing & failed)


def _refs(photos: stored.PhotoColumns, mask: BoolArray) -> list[PhotoRef]:
    ids, first = np.unique(photos.photo_ids[mask], return_index=True)
    extensions = photos.extensions[mask][first]
    return [
        PhotoRef(int(photo_id), photos.extension_names[int(code)])
        for photo_id, code in zip(ids, extensions, strict=True)
    ]


def chunk_size(photos: stored.PhotoColumns) -> int:
    """Photos a segment. It depends on the collection alone, not on how much of it is done."""
    return LEAST_CHUNK * max(1, -(-len(photos) // (LEAST_CHUNK * MOST_SEGMENTS)))


def _chunks(refs: Sequence[PhotoRef], size: int) -> Iterator[Sequence[PhotoRef]]:
    return (refs[i : i + size] for i in range(0, len(refs), size))


def _problems_of(failures: Mapping[int, tuple[str, str]], embedded: IntArray) -> dict[int, PhotoProblem | None]:
    """What the segments say of photos that failed: replayed, because a kill may have come before it was recorded."""
    solved = set(embedded.tolist())
    return {
        photo_id: PROBLEMS[reason](detail)
        for photo_id, (reason, detail) in failures.items()
        if photo_id not in solved and reason in PROBLEMS
    }


def facts_digest(facts: ModelFacts) -> str:
    """Hex digest of a model before projection."""
    return hashlib.sha256(repr(sorted(asdict(facts).items())).encode()).hexdigest()


def backbone_id(facts: ModelFacts, projection: Projection | None) -> BackboneId:
    """The identity of the vectors that end up in segments."""
    return BackboneId(
        name=facts.name,
        weights=facts.weights,
        preprocessing=facts.preprocessing,
        engine=facts.engine,
        precision=facts.precision,
        projection=projection.digest if projection else "none",
        dim=projection.dim if projection else facts.dim,
    )
