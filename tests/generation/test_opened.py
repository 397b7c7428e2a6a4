from pathlib import Path

import numpy as np
import pytest

from reverse_search.domain.backbone import BackboneId
from reverse_search.errors import NoGeneration
from reverse_search.generation.opened import PlannedVectors, open_current
from reverse_search.vectors.building import build_index
from reverse_search.vectors.planner import Planner
from reverse_search.vectors.segments import SegmentSet, SegmentWriter
from reverse_search.vectors.stored import IndexKind

BACKBONE = BackboneId("made", "0", "none", "numpy", "float32", "none", 32)


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> SegmentSet:
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(40, 32))
    vectors = centres[rng.integers(0, 40, 4000)] + 0.4 * rng.normal(size=(4000, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    root = tmp_path_factory.mktemp("segments")
    writer = SegmentWriter(root, BACKBONE)
    for part in np.split(np.arange(4000, dtype=np.int64), 4):
        writer.append(part, vectors[part].astype(np.float32), ["0" * 64] * len(part), {})
    return SegmentSet.open(root, BACKBONE)


@pytest.mark.parametrize("kind", list(IndexKind))
@pytest.mark.parametrize("pool_size", [0, 1, 30, 900, 4000])
def test_whatever_the_index_as_many_as_there_are(
    segments: SegmentSet, kind: IndexKind, pool_size: int, tmp_path: Path
) -> None:
    build_index(segments, tmp_path, kind=kind)
    vectors = PlannedVectors(segments, Planner.open(segments, tmp_path))
    rng = np.random.default_rng(pool_size)
    pool = np.zeros(4000, dtype=np.bool_)
    pool[rng.permutation(4000)[:pool_size]] = True
    queries = vectors.gather(np.array([5, 1700, 3999]))
    rows, plan = vectors.nearest(queries, 50, pool)
    assert len(rows) == len(set(rows.tolist())) == min(50, pool_size)
    assert pool[rows].all()
    assert plan["pool_size"] == pool_size
    best = (vectors.gather(np.arange(4000)) @ queries.T).max(axis=1)
    wanted = np.sort(best[pool])[::-1][: len(rows)]
    alike = np.isclose(np.sort(best[rows])[::-1], wanted, atol=1e-3)
    assert alike.sum() >= 0.98 * len(rows)


def test_a_pool_may_end_before_the_segments_do(segments: SegmentSet, tmp_path: Path) -> None:
    build_index(segments, tmp_path)
    vectors = PlannedVectors(segments, Planner.open(segments, tmp_path))
    rows, _ = vectors.nearest(vectors.gather(np.array([0])), 10, np.ones(7, dtype=np.bool_))
    assert sorted(rows.tolist()) == list(range(7))


def test_before_the_first_night_that_is_what_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoGeneration, match="run `reverse-search nightly`"):
        open_current(tmp_path)
