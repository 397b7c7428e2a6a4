import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.errors import CorruptFile, MissingDependency
from reverse_search.vectors import faiss_index as module
from reverse_search.vectors.faiss_index import FaissFlat, FaissIvf, cells_for, load_faiss, set_threads
from reverse_search.vectors.index import Pool
from tests.vectors.sources import ArraySource, clustered_rows, random_pool, random_rows

BOTH = pytest.mark.parametrize("kind", [FaissFlat, FaissIvf])
Kind = type[FaissFlat] | type[FaissIvf]


@pytest.fixture(scope="module")
def source() -> ArraySource:
    return ArraySource.of(clustered_rows(1, 4000, 16))


@pytest.fixture
def all_threads() -> Iterator[None]:
    yield
    module._wanted_threads = None


@BOTH
def test_saved_and_opened_it_answers_alike(kind: Kind, source: ArraySource, tmp_path: Path) -> None:
    built = kind.build(source)
    built.save(tmp_path / "index")
    opened = kind.open(tmp_path / "index")
    assert (opened.count, opened.dim) == (source.count, source.dim)
    queries, pool = random_rows(2, 4, 16), random_pool(3, source.count, 0.2)
    before, after = built.search(queries, 25, pool), opened.search(queries, 25, pool)
    assert np.array_equal(before.rows, after.rows)
    assert np.array_equal(before.similarities, after.similarities)


@BOTH
def test_two_builds_write_the_same_bytes(kind: Kind, source: ArraySource, tmp_path: Path) -> None:
    for name in ("a", "b"):
        kind.build(source).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_seed_trains_otherwise(source: ArraySource, tmp_path: Path) -> None:
    FaissIvf.build(source, n_cells=8, seed=1).save(tmp_path / "a")
    FaissIvf.build(source, n_cells=8, seed=2).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


@BOTH
@pytest.mark.parametrize("kept", [0, 10, 0.5, -1])
def test_a_truncated_index_is_found_at_open(kind: Kind, kept: float, source: ArraySource, tmp_path: Path) -> None:
    path = tmp_path / "index"
    kind.build(source).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept) if isinstance(kept, float) else kept])
    with pytest.raises(CorruptFile, match="index"):
        kind.open(path)


def test_another_kind_or_none_is_refused(source: ArraySource, tmp_path: Path) -> None:
    FaissFlat.build(source).save(tmp_path / "index")
    with pytest.raises(CorruptFile, match="IndexScalarQuantizer"):
        FaissIvf.open(tmp_path / "index")
    with pytest.raises(CorruptFile, match="missing"):
        FaissFlat.open(tmp_path / "missing")


@BOTH
def test_a_save_that_fails_leaves_the_old_index(
    kind: Kind, source: ArraySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "index"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(load_faiss(), "write_index", full)
        with pytest.raises(OSError, match="disk full"):
            kind.build(source).save(path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["index"]


@pytest.mark.parametrize("count", [1, 38, 39, 100, 1000, 50_000, 1_000_000, 400_000_000])
def test_cells_can_be_trained(count: int) -> None:
    cells = cells_for(count)
    assert cells & (cells - 1) == 0
    assert cells == 1 or count >= 39 * cells
    assert cells <= 6 * count**0.5


def test_cells_of_known_sizes() -> None:
    assert [cells_for(n) for n in (0, 1000, 50_000, 1_000_000)] == [1, 16, 1024, 4096]


def test_too_few_rows_for_so_many_cells() -> None:
    with pytest.raises(ValueError, match="4 cells need 156"):
        FaissIvf.build(ArraySource.of(random_rows(0, 155, 4)), n_cells=4)


@pytest.mark.parametrize("count", [1, 5])
def test_training_on_a_few_rows_is_silent(count: int, capfd: pytest.CaptureFixture[str]) -> None:
    index = FaissIvf.build(ArraySource.of(random_rows(0, count, 4)))
    assert index.search(random_rows(1, 1, 4), 9).rows.shape == (1, count)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_training_at_the_default_size_is_silent(source: ArraySource, capfd: pytest.CaptureFixture[str]) -> None:
    FaissIvf.build(source)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def nearest_cells(index: FaissIvf, queries: FloatArray, n: int) -> tuple[IntArray, FloatArray]:
    """The n cells nearest to each query, and their similarities."""
    nearness = queries @ index.layout()[0].T
    cells = np.argsort(-nearness, axis=1)[:, :n]
    return cells, np.take_along_axis(nearness, cells, axis=1)


def test_visits_go_with_the_call(source: ArraySource) -> None:
    """A few visits leave places empty, beside full ones in other threads, and the index stays as it was."""
    index = FaissIvf.build(source, n_cells=32)
    queries, pool = random_rows(5, 8, 16), random_pool(6, source.count, 0.05)
    where = {n: nearest_cells(index, queries, n) for n in (1, 4, 32)}
    alone = {n: index.visit(queries, 100, pool, *where[n]) for n in where}
    assert not alone[1].complete
    assert alone[32].complete
    assert np.all(alone[1].filled <= alone[4].filled)
    with ThreadPoolExecutor(4) as threads:
        jobs = [(n, threads.submit(index.visit, queries, 100, pool, *where[n])) for n in (1, 32, 4) * 10]
        for n, job in jobs:
            assert np.array_equal(job.result().rows, alone[n].rows)


def test_only_the_cells_that_were_named_are_visited(source: ArraySource) -> None:
    index = FaissIvf.build(source, n_cells=8)
    centroids, rows, starts = index.layout()
    queries = random_rows(5, 2, 16)
    cells = np.array([[3, -1], [5, 6]])
    hits = index.visit(queries, source.count, None, cells, np.take_along_axis(queries @ centroids.T, cells, axis=1))
    members = [set(rows[starts[c] : starts[c + 1]].tolist()) for c in range(8)]
    assert set(hits.of(0)[0].tolist()) == members[3]
    assert set(hits.of(1)[0].tolist()) == members[5] | members[6]


def test_visiting_the_nearest_cells_is_probing_and_visiting_all_is_searching(source: ArraySource) -> None:
    index = FaissIvf.build(source, n_cells=8)
    queries = random_rows(5, 2, 16)
    for n_probes in (1, 3, 8):
        visited = index.visit(queries, 5, None, *nearest_cells(index, queries, n_probes))
        assert np.array_equal(visited.rows, index.probe(queries, 5, None, n_probes).rows)
    assert np.array_equal(index.probe(queries, 5, None, 999).rows, index.search(queries, 5).rows)
    with pytest.raises(ValueError, match="at least one cell"):
        index.probe(queries, 5, None, 0)


def test_empty_places_come_last(source: ArraySource) -> None:
    index, queries = FaissIvf.build(source, n_cells=32), random_rows(5, 8, 16)
    hits = index.visit(queries, 100, random_pool(6, source.count, 0.05), *nearest_cells(index, queries, 1))
    for query in range(8):
        end = int(hits.filled[query])
        assert np.all(hits.rows[query, end:] == -1)
        assert np.all(np.isneginf(hits.similarities[query, end:]))
        assert np.all(hits.rows[query, :end] >= 0)
        assert np.all(np.diff(hits.similarities[query, :end]) <= 0)


@pytest.mark.parametrize("shape", [(1, 3), (2, 0), (2,)])
def test_cells_of_the_wrong_shape_are_refused(source: ArraySource, shape: tuple[int, ...]) -> None:
    index = FaissIvf.build(source, n_cells=8)
    with pytest.raises(ValueError, match="cells and nearness"):
        index.visit(random_rows(5, 2, 16), 5, None, np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.float32))


def test_the_number_of_threads_holds_in_every_thread(source: ArraySource, all_threads: None) -> None:
    """OpenMP keeps the number apart for each calling thread."""
    index = FaissFlat.build(source)
    seen: list[int] = []

    def search() -> None:
        index.search(random_rows(0, 2, 16), 3, Pool.everything(source.count))
        seen.append(load_faiss().omp_get_max_threads())

    for n_threads in (1, 2):
        set_threads(n_threads)
        thread = threading.Thread(target=search)
        thread.start()
        thread.join()
    assert seen == [1, 2]
    with pytest.raises(ValueError, match="at least one thread"):
        set_threads(0)


def test_small_batches_use_blas() -> None:
    assert load_faiss().cvar.distance_compute_blas_threshold == 1


@pytest.mark.parametrize("use", [FaissFlat.build, FaissIvf.build])
def test_without_faiss_it_says_what_to_install(
    use: Callable[[ArraySource], object], monkeypatch: pytest.MonkeyPatch, source: ArraySource
) -> None:
    load_faiss.cache_clear()
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingDependency, match=r"reverse-search\[cpu\]"):
        use(source)


def test_importing_needs_neither_faiss_nor_torch() -> None:
    code = (
        "import sys; import reverse_search.vectors.building, reverse_search.vectors.costs;"
        "sys.exit(bool({'faiss', 'torch'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_searching_never_imports_torch() -> None:
    code = (
        "import sys, numpy as np; from reverse_search.vectors.faiss_index import load_faiss; load_faiss();"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def rows_of(index: FaissFlat, queries: FloatArray) -> list[int]:
    return [int(r) for r in index.search(queries, 1).rows[:, 0]]


def test_flat_finds_each_row_itself() -> None:
    source = ArraySource.of(random_rows(9, 200, 32))
    assert rows_of(FaissFlat.build(source), source.vectors) == list(range(200))
