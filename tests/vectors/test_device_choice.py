"""When a GPU is used, and when not: the self-test, the setting, and what is there."""

import logging
import os
import subprocess
import sys
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.errors import BadSettings, DeviceUnusable, MissingDependency
from reverse_search.vectors import choice
from reverse_search.vectors import gpu as gpu_module
from reverse_search.vectors.choice import open_device
from reverse_search.vectors.device import DeviceFlat, DeviceVectors
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.gpu import GpuVectors
from reverse_search.vectors.index import Hits, Pool, VectorSource
from reverse_search.vectors.selftest import self_test
from reverse_search.vectors.where import Device
from tests.vectors.sources import ArraySource, HalfDevice, clustered_rows, random_pool, random_rows

DIM = 16


@pytest.fixture(scope="module")
def source() -> ArraySource:
    return ArraySource.of(clustered_rows(1, 6000, DIM))


class NotTheBest(HalfDevice):
    """Knows nothing of the nearest rows, but is sure of what it says."""

    def top(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        rows, values = super().top(queries, min(depth + 1, self.count))
        return rows[:, -depth:], values[:, -depth:]


class Distances(HalfDevice):
    """Of another measure: the least first."""

    def top(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        rows, values = super().top(-queries, depth)
        return rows, -values


def test_the_self_test_passes_what_is_right() -> None:
    self_test(ExactSearch)
    self_test(lambda source: DeviceFlat.build(source, HalfDevice(source.dim)))


class IgnoresItsFilter(ExactSearch):
    """As classic GPU indexes do."""

    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        width = min(k, self.count if pool is None else pool.size)
        return super().search(queries, width) if width else Hits.none(len(queries))


class UnionIgnoresItsFilter(ExactSearch):
    def search_union(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        width = min(k, self.count if pool is None else pool.size)
        return super().search_union(queries, width) if width else Hits.none(1)


class LeavesPlacesEmpty(ExactSearch):
    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        hits = super().search(queries, k, pool)
        hits.rows[:, -1:], hits.similarities[:, -1:] = -1, -np.inf
        return hits


class AnswersOneFewer(ExactSearch):
    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        return super().search(queries, max(1, k - 1), pool)


class MissesTheBest(ExactSearch):
    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        hits, width = super().search(queries, k + 1, pool), min(k, self.count if pool is None else pool.size)
        return Hits(hits.rows[:, -width:], hits.similarities[:, -width:]) if width else hits


class SaysOneRowTwice(ExactSearch):
    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        hits = super().search(queries, k, pool)
        return Hits(np.repeat(hits.rows[:, :1], hits.width, axis=1), hits.similarities)


class TellsOtherSimilarities(ExactSearch):
    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        hits = super().search(queries, k, pool)
        return Hits(hits.rows, hits.similarities + np.float32(1e-3))


class MakesRowsUp(ExactSearch):
    def search(self, queries: FloatArray, k: int, pool: Pool | None = None) -> Hits:
        hits = super().search(queries, k, pool)
        return Hits(hits.rows + self.count, hits.similarities)


@pytest.mark.parametrize(
    ("faulty", "fault"),
    [
        (IgnoresItsFilter, "filter leaves out"),
        (UnionIgnoresItsFilter, "filter leaves out"),
        (LeavesPlacesEmpty, "fewer rows"),
        (AnswersOneFewer, "fewer rows"),
        (MissesTheBest, "missed better rows"),
        (SaysOneRowTwice, "twice"),
        (TellsOtherSimilarities, "wrong similarities"),
        (MakesRowsUp, "don't exist"),
        (lambda s: DeviceFlat.build(s, NotTheBest(s.dim)), "missed better rows"),
        (lambda s: DeviceFlat.build(s, Distances(s.dim)), "missed better rows"),
    ],
)
def test_the_self_test_refuses_what_is_wrong(faulty: Callable[[VectorSource], ExactSearch], fault: str) -> None:
    with pytest.raises(DeviceUnusable, match=rf"self-test: .* {fault}.*REVERSE_SEARCH_DEVICE"):
        self_test(faulty)


class NoRoom(HalfDevice):
    def add(self, vectors: FloatArray) -> None:
        if self.count or len(vectors) < 50_000:
            super().add(vectors)
        else:
            raise DeviceUnusable("the vectors don't fit")


def absent(error: Exception) -> Callable[[int], DeviceVectors]:
    def make(dim: int) -> DeviceVectors:
        raise error

    return make


def driver_too_old() -> int:
    raise RuntimeError("the driver is too old")


@pytest.fixture(scope="module")
def large() -> ArraySource:
    return ArraySource.of(random_rows(1, 50_000, 4))


@pytest.mark.parametrize(
    "make",
    [
        absent(MissingDependency("no GPU support")),
        absent(BadSettings("no CUDA device")),
        NoRoom,
        Distances,
    ],
)
def test_without_a_usable_gpu(
    make: Callable[[int], DeviceVectors], large: ArraySource, caplog: pytest.LogCaptureFixture
) -> None:
    """Where one is demanded it is an error; otherwise the CPU searches, and the log says why."""
    with pytest.raises((MissingDependency, BadSettings, DeviceUnusable)) as raised:
        open_device(large, Device.GPU, make)
    caplog.set_level(logging.INFO, logger=choice.__name__)
    assert open_device(large, Device.AUTO, make) is None
    assert [r.getMessage() for r in caplog.records] == [f"searching on the CPU: {raised.value}"]
    expected = isinstance(raised.value, MissingDependency)
    assert caplog.records[0].levelno == (logging.INFO if expected else logging.WARNING)


def test_a_usable_gpu_is_taken(large: ArraySource, source: ArraySource, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=choice.__name__)
    for vectors, wanted, taken in [
        (large, Device.AUTO, True),
        (large, Device.GPU, True),
        (large, Device.CPU, False),
        (source, Device.AUTO, False),  # too small for an index of any kind
        (source, Device.GPU, True),
    ]:
        caplog.clear()
        assert (open_device(vectors, wanted, HalfDevice) is not None) == taken
        assert [r.getMessage()[:21] for r in caplog.records] == ["searching on the GPU:"] * taken


def test_the_self_test_runs_once() -> None:
    made: list[int] = []

    def make(dim: int) -> HalfDevice:
        made.append(dim)
        return HalfDevice(dim)

    small = ArraySource.of(random_rows(1, 10, 4))
    for _ in range(3):
        assert open_device(small, Device.GPU, make) is not None
    assert len(made) == 4


@pytest.mark.parametrize(
    ("faiss", "error", "what"),
    [
        (types.SimpleNamespace(), MissingDependency, "pip uninstall faiss-cpu"),
        (types.SimpleNamespace(StandardGpuResources=object, get_num_gpus=lambda: 0), BadSettings, "nvidia-smi"),
        (
            types.SimpleNamespace(StandardGpuResources=object, get_num_gpus=driver_too_old),
            BadSettings,
            "too old",
        ),
    ],
)
def test_what_is_missing_is_said(
    faiss: object, error: type[Exception], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_module, "load_faiss", lambda: faiss)
    with pytest.raises(error, match=what):
        GpuVectors(4)


CHECKS_ELSEWHERE = """
import sys
from reverse_search.errors import ReverseSearchError
from reverse_search.vectors.choice import require_gpu
if __name__ == "__main__":
    try:
        require_gpu()
    except ReverseSearchError as error:
        print(type(error).__name__)
    sys.exit("faiss" in sys.modules)
"""


def test_the_process_that_forks_never_loads_faiss(tmp_path: Path) -> None:
    """CUDA doesn't survive a fork, so that a check beforehand needs a process of its own."""
    script = tmp_path / "check.py"
    script.write_text(CHECKS_ELSEWHERE)
    done = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() in {"", "MissingDependency", "BadSettings"}


def test_a_driver_that_ends_the_process_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """FAISS aborts where the driver fails."""
    monkeypatch.setattr(choice, "_pass_self_test", os._exit)
    monkeypatch.setattr(choice, "GpuVectors", 3)
    with pytest.raises(DeviceUnusable, match="driver ended the process"):
        choice.require_gpu()


def test_settings_are_read_before_numpy_is_loaded() -> None:
    """The number of its threads is set in between."""
    code = "import sys, indexer.cli, indexer.settings; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_making_the_site_loads_no_faiss(tmp_path: Path) -> None:
    """The site is made once before its workers are forked."""
    code = (
        "import sys; from pathlib import Path; from reverse_search.store.migrate import migrate\n"
        "from reverse_search.vectors.where import Device; from web.app import create_app; from web.site import Site\n"
        f"url = 'sqlite:///{tmp_path}/db.sqlite3'; migrate(url)\n"
        f"create_app(Site(Path({str(tmp_path)!r}), url, device=Device.GPU)); sys.exit('faiss' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.gpu
def test_the_gpu_passes_the_self_test_from_many_threads(large: ArraySource) -> None:
    index = open_device(large, Device.GPU)
    assert index is not None
    queries, pool = random_rows(2, 3, 4), random_pool(1, large.count, 0.5)
    alone = index.probe(queries, 20, pool)
    assert alone.complete
    with ThreadPoolExecutor(4) as threads:
        for job in [threads.submit(index.probe, queries, 20, pool) for _ in range(40)]:
            assert np.array_equal(job.result().rows, alone.rows)
