import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer import embed as embed_module
from indexer.backbones.base import ModelFacts
from indexer.backbones.process import EmbeddedBatch
from indexer.backbones.projection import unit_rows
from indexer.embed import Embedder, EmbedReport, chunk_size
from indexer.photos import PhotoRef
from indexer.raw_sample import RawSample, RawVectors
from reverse_search.domain.arrays import FloatArray
from reverse_search.errors import PhotoMissing, PhotoProblem
from reverse_search.store.columns import PhotoColumns
from reverse_search.vectors.segments import SegmentSet

DIM = 6
FACTS = ModelFacts("fake", "0" * 64, "none", "none", "float32", DIM)
BAD = b"bad"


class Killed(BaseException):
    pass


@dataclass
class Fuse:
    """Ends the job at the nth step."""

    left: int = 10**9
    steps: int = 0

    def burn(self) -> None:
        self.steps += 1
        self.left -= 1
        if self.left < 0:
            raise Killed


def vector_of(content: bytes) -> FloatArray:
    seed = int.from_bytes(hashlib.sha256(content).digest()[:8], "big")
    return np.random.default_rng(seed).normal(1, 1, DIM).astype(np.float32)


@dataclass
class FakeProcess:
    fuse: Fuse
    facts: ModelFacts = FACTS
    asked: list[str] = field(default_factory=list)

    def embed(self, paths: Sequence[Path]) -> Iterator[EmbeddedBatch]:
        for start in range(0, len(paths), 3):
            self.fuse.burn()
            some = paths[start : start + 3]
            self.asked += [p.name for p in some]
            contents = [p.read_bytes() for p in some]
            good = [c for c in contents if not c.startswith(BAD)]
            yield EmbeddedBatch(
                vectors=np.array([vector_of(c) for c in good], dtype=np.float32).reshape(-1, DIM),
                hashes=[hashlib.sha256(c).hexdigest() for c in good],
                problems=[("unreadable", "no picture") if c.startswith(BAD) else None for c in contents],
            )


@dataclass
class World:
    """A data directory, a folder of photos and what the database knows."""

    home: Path
    ids: list[int]
    fuse: Fuse = field(default_factory=Fuse)
    problems: dict[int, PhotoProblem] = field(default_factory=dict)
    recorded: list[Mapping[int, PhotoProblem | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.home / "photos").mkdir(parents=True)
        self.process = FakeProcess(self.fuse)

    def put(self, *photo_ids: int, content: bytes = b"photo ") -> None:
        for photo_id in photo_ids:
            (self.home / "photos" / str(photo_id)).write_bytes(content + str(photo_id).encode())

    def fetch_many(self, wanted: Sequence[PhotoRef]) -> Iterator[tuple[PhotoRef, Path | PhotoProblem]]:
        self.fuse.burn()
        for ref in wanted:
            path = self.home / "photos" / str(ref.photo_id)
            yield ref, path if path.is_file() else PhotoMissing(f"{ref.photo_id} is not there")

    def record(self, problems: Mapping[int, PhotoProblem | None]) -> None:
        self.fuse.burn()
        self.recorded.append(dict(problems))
        for photo_id, problem in problems.items():
            if problem is None:
                self.problems.pop(photo_id, None)
            else:
                self.problems[photo_id] = problem

    def columns(self) -> PhotoColumns:
        n = len(self.ids)
        zeros: Any = np.zeros(n, dtype=np.int16)
        return PhotoColumns(
            photo_ids=np.array(self.ids, dtype=np.int64),
            observation_rows=np.arange(n, dtype=np.int64),
            widths=np.full(n, -1, dtype=np.int32),
            heights=np.full(n, -1, dtype=np.int32),
            problems=np.array([photo_id in self.problems for photo_id in self.ids], dtype=np.int8),
            licenses=zeros,
            extensions=zeros,
            license_names=("",),
            extension_names=("jpg",),
        )

    def run(self, use_projection: bool = False, refit: bool = False) -> EmbedReport:
        embedder = Embedder(self.home, self.process, self, use_projection, self.record, refit)
        return embedder.run(self.columns(), lambda done, total: None)

    def segments(self, report: EmbedReport) -> SegmentSet:
        return SegmentSet.open(self.home / "segments", report.backbone)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_module, "LEAST_CHUNK", 4)
    monkeypatch.setattr(embed_module, "MIN_SAMPLE", 6)
    monkeypatch.setattr(embed_module, "MAX_SAMPLE", 11)


MakeWorld = Callable[[], World]


@pytest.fixture
def make_world(tmp_path: Path) -> MakeWorld:
    """17 photos in no order, one of them of two observations; 3 and 12 are missing, 5 is unreadable."""
    made: list[World] = []

    def make() -> World:
        ids = [9, 4, 1, 2, 3, 5, 6, 7, 8, 17, 10, 11, 12, 13, 14, 15, 16, 9]
        world = World(tmp_path / str(len(made)), ids)
        world.put(*(i for i in ids if i not in {3, 12}))
        world.put(5, content=BAD)
        made.append(world)
        return world

    return make


GOOD = [1, 2, 4, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17]


def test_everything_is_embedded_once(make_world: MakeWorld) -> None:
    world = make_world()
    report = world.run()
    assert (report.embedded, report.problems) == (14, 3)
    found = world.segments(report)
    assert found.photo_ids.tolist() == GOOD
    wanted = unit_rows(np.array([vector_of(f"photo {i}".encode()) for i in GOOD], dtype=np.float32))
    np.testing.assert_allclose(found.block(0, 14), wanted, atol=1e-3)
    hashes = [hashlib.sha256(f"photo {i}".encode()).digest() for i in GOOD]
    assert [bytes(row) for row in found.content_hashes()] == hashes
    assert {i: p.reason for i, p in world.problems.items()} == {3: "missing", 5: "unreadable", 12: "missing"}


@pytest.mark.parametrize("use_projection", [False, True])
def test_a_second_run_only_tries_the_failed_again(make_world: MakeWorld, use_projection: bool) -> None:
    world = make_world()
    first = world.run(use_projection)
    before = world.segments(first).references()
    world.process.asked.clear()
    again = world.run(use_projection)
    assert world.process.asked == ["5"]
    assert (again.backbone, again.embedded, again.problems) == (first.backbone, 0, 3)
    assert world.segments(again).references() == before


def test_failed_photos_recover_when_they_appear(make_world: MakeWorld) -> None:
    world = make_world()
    world.run()
    world.put(3, 5)
    world.recorded.clear()
    report = world.run()
    assert (report.embedded, report.problems) == (2, 1)
    assert world.segments(report).photo_ids.tolist() == [*GOOD, 3, 5]
    last = world.recorded[-1]
    assert (last[3], last[5]) == (None, None)
    assert isinstance(last[12], PhotoMissing)
    assert set(world.problems) == {12}
    world.run()
    assert set(world.problems) == {12}


def test_new_photos_come_before_failed_ones(make_world: MakeWorld) -> None:
    world = make_world()
    world.run()
    world.put(3, 100)
    world.ids.append(100)
    report = world.run()
    assert world.segments(report).photo_ids.tolist() == [*GOOD, 100, 3]


@pytest.mark.parametrize("use_projection", [False, True])
def test_a_kill_anywhere_leaves_no_trace(make_world: MakeWorld, use_projection: bool) -> None:
    undisturbed = make_world()
    report = undisturbed.run(use_projection)
    wanted = undisturbed.segments(report)
    for position in range(undisturbed.fuse.steps):
        world = make_world()
        world.fuse.left = position
        with pytest.raises(Killed):
            world.run(use_projection)
        world.fuse.left = 10**9
        again = world.run(use_projection)
        assert again.backbone == report.backbone
        found = world.segments(again)
        found.verify()
        assert found.photo_ids.tolist() == GOOD
        np.testing.assert_array_equal(found.block(0, 14), wanted.block(0, 14))
        assert found.references() == wanted.references()
        assert world.problems.keys() == undisturbed.problems.keys()


@pytest.mark.parametrize("use_projection", [False, True])
def test_killed_again_and_again_it_still_ends(make_world: MakeWorld, use_projection: bool) -> None:
    undisturbed = make_world()
    wanted = undisturbed.segments(undisturbed.run(use_projection)).references()
    world = make_world()
    for _ in range(100):
        world.fuse.left = 6
        try:
            report = world.run(use_projection)
        except Killed:
            continue
        break
    else:
        pytest.fail("it never ended")
    assert world.segments(report).references() == wanted


def test_a_problem_that_was_not_recorded_is_replayed(make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()

    def killed(problems: Mapping[int, PhotoProblem | None]) -> None:
        if problems:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(world, "record", killed)
        with pytest.raises(Killed):
            world.run()
    assert not world.problems
    world.run()
    assert [(i, type(p)) for i, p in world.recorded[0].items()] == [(3, PhotoMissing)]
    assert set(world.problems) == {3, 5, 12}


def test_nothing_to_embed(make_world: MakeWorld) -> None:
    world = make_world()
    world.ids.clear()
    report = world.run()
    assert (report.embedded, report.problems) == (0, 0)
    assert world.segments(report).count == 0


def test_a_projection_is_fitted_once_and_used_again(make_world: MakeWorld) -> None:
    world = make_world()
    first = world.run(use_projection=True)
    assert first.backbone.projection != "none"
    (stored,) = (world.home / "projections").glob("*/projection.npz")
    before = stored.read_bytes()
    world.ids += [200, 201, 202]
    world.put(200, 201, 202)
    again = world.run(use_projection=True)
    assert again.backbone == first.backbone
    assert stored.read_bytes() == before
    found = world.segments(again)
    assert found.photo_ids.tolist() == [*GOOD, 200, 201, 202]
    np.testing.assert_allclose(np.linalg.norm(found.block(0, found.count), axis=1), 1, atol=2e-3)


def test_no_photo_is_run_twice_for_the_sample(make_world: MakeWorld) -> None:
    world = make_world()
    world.run(use_projection=True)
    good = [name for name in world.process.asked if name != "5"]
    assert sorted(good, key=int) == [str(i) for i in GOOD]
    assert not list((world.home / "projections").glob("*/sample"))


def test_too_few_photos_keep_raw_vectors_for_good(make_world: MakeWorld) -> None:
    world = make_world()
    world.ids = [1, 2, 3]
    report = world.run(use_projection=True)
    assert report.backbone.projection == "none"
    world.ids = make_world().ids
    world.put(*GOOD)
    again = world.run(use_projection=True)
    assert again.backbone == report.backbone
    assert world.segments(again).count == 14


def test_a_first_night_without_a_single_photo_decides_nothing(make_world: MakeWorld) -> None:
    world = make_world()
    world.put(*GOOD, content=BAD)
    assert world.run(use_projection=True).embedded == 0
    world.put(*GOOD)
    assert world.run(use_projection=True).backbone.projection != "none"


def test_a_refit_projects_what_was_raw(make_world: MakeWorld) -> None:
    world = make_world()
    raw = world.run(use_projection=False)
    assert world.run(use_projection=True).backbone == raw.backbone
    refitted = world.run(use_projection=True, refit=True)
    assert refitted.backbone.projection != "none"
    assert world.segments(refitted).photo_ids.tolist() == GOOD


def test_too_few_readable_photos_keep_raw_vectors(make_world: MakeWorld) -> None:
    world = make_world()
    world.put(*GOOD[:9], content=BAD)
    report = world.run(use_projection=True)
    assert report.backbone.projection == "none"
    assert world.segments(report).photo_ids.tolist() == GOOD[9:]


def test_a_sample_that_was_begun_with_fewer_photos_goes_on(make_world: MakeWorld) -> None:
    undisturbed = make_world()
    undisturbed.run(use_projection=True)
    for position in range(undisturbed.fuse.steps):
        world = make_world()
        everything = world.ids
        world.ids = [i for i in everything if i % 3]
        world.fuse.left = position
        with suppress(Killed):
            world.run(use_projection=True)
        world.fuse.left = 10**9
        world.ids = everything
        report = world.run(use_projection=True)
        assert sorted(world.segments(report).photo_ids.tolist()) == GOOD


def test_chunks_grow_with_the_collection(make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_module, "MOST_SEGMENTS", 2)
    world = make_world()
    assert chunk_size(world.columns()) == 12
    assert len(world.segments(world.run()).numbers) == 2


def test_a_photo_that_is_in_two_chunks_of_a_sample_counts_once(tmp_path: Path) -> None:
    kept = RawSample(tmp_path / "sample", 2)
    for number, ids in enumerate(([3, 1], [2, 3])):
        vectors = np.array([[number, i] for i in ids], dtype=np.float32)
        kept.keep(number, RawVectors(np.array(ids, dtype=np.int64), vectors, [f"{number}{i}" for i in ids]))
    loaded = kept.load()
    assert loaded.photo_ids.tolist() == [1, 2, 3]
    assert loaded.vectors.tolist() == [[0, 1], [1, 2], [0, 3]]
    assert loaded.hashes == ["01", "12", "03"]
    some = loaded.of(np.array([3, 4], dtype=np.int64))
    assert (some.photo_ids.tolist(), some.vectors.tolist(), some.hashes) == ([3], [[0, 3]], ["03"])
