import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reverse_search.domain.arrays import FloatArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.errors import BackboneMismatch, CorruptFile
from reverse_search.vectors import segments as module
from reverse_search.vectors.halves import to_single
from reverse_search.vectors.index import VectorSource
from reverse_search.vectors.segments import SegmentSet, SegmentWriter
from tests.vectors.sources import backbone, random_rows

DIM = 6
FILES = ["vectors.f16", "photo_ids.i64", "content_hashes.u8", "segment.json"]


def digests(ids: list[int]) -> list[str]:
    return [hashlib.sha256(str(i).encode()).hexdigest() for i in ids]


def append(
    root: Path, ids: list[int], failures: Mapping[int, tuple[str, str]] | None = None, of: BackboneId | None = None
) -> FloatArray:
    """Append random vectors; return them as they are stored."""
    vectors = random_rows(sum(ids) + len(ids), len(ids), DIM)
    SegmentWriter(root, of or backbone(DIM)).append(
        np.array(ids, dtype=np.int64), vectors, digests(ids), failures or {}
    )
    return vectors.astype(np.float16).astype(np.float32)


def opened(root: Path) -> SegmentSet:
    return SegmentSet.open(root, backbone(DIM))


def folder(root: Path, number: int = 1) -> Path:
    return root / backbone(DIM).short / f"{number:06d}"


def test_what_was_appended_comes_back(tmp_path: Path) -> None:
    first, second = append(tmp_path, [5, 3]), append(tmp_path, [9, 1, 7])
    found: VectorSource = opened(tmp_path)
    assert (found.count, found.dim) == (5, DIM)
    assert np.array_equal(found.block(0, 5), np.concatenate([first, second]))
    assert opened(tmp_path).numbers == (1, 2)
    assert opened(tmp_path).photo_ids.tolist() == [5, 3, 9, 1, 7]
    assert [bytes(h).hex() for h in opened(tmp_path).content_hashes()] == digests([5, 3, 9, 1, 7])
    assert sorted(p.name for p in folder(tmp_path).iterdir()) == sorted(FILES)
    opened(tmp_path).verify()


def test_nothing_yet_is_an_empty_set(tmp_path: Path) -> None:
    found = opened(tmp_path / "nowhere")
    assert (found.count, found.numbers, found.failures(), found.references()) == (0, (), {}, [])
    assert found.photo_ids.shape == (0,)
    assert found.content_hashes().shape == (0, 32)
    assert found.gather(np.zeros(0, dtype=np.int64)).shape == (0, DIM)
    assert found.block(0, 0).shape == (0, DIM)
    assert list(found.iter_blocks(10)) == []


def test_chosen_segments_in_the_order_asked_for(tmp_path: Path) -> None:
    for ids in ([1], [2, 3], [4]):
        append(tmp_path, ids)
    assert SegmentSet.open(tmp_path, backbone(DIM), [3, 2]).photo_ids.tolist() == [4, 2, 3]
    with pytest.raises(CorruptFile, match="000009"):
        SegmentSet.open(tmp_path, backbone(DIM), [9])


def test_an_open_set_does_not_see_later_appends(tmp_path: Path) -> None:
    append(tmp_path, [1])
    before = opened(tmp_path)
    append(tmp_path, [2])
    assert before.photo_ids.tolist() == [1]


def test_failures_stay_until_the_photo_has_a_vector(tmp_path: Path) -> None:
    append(tmp_path, [1], {2: ("unreachable", "timed out"), 3: ("missing", "gone")})
    append(tmp_path, [], {3: ("missing", "still gone")})
    append(tmp_path, [2])
    assert opened(tmp_path).failures() == {3: ("missing", "still gone")}
    assert opened(tmp_path).count == 2


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    sizes = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5))
    total = sum(sizes)
    return sizes, draw(st.lists(st.integers(0, total - 1), max_size=30)) if total else []


@settings(max_examples=40, deadline=None)
@given(layout=layouts(), cut=st.tuples(st.integers(0, 45), st.integers(0, 45)), size=st.integers(1, 12))
def test_gather_and_block_are_plain_indexing(
    tmp_path_factory: pytest.TempPathFactory, layout: tuple[list[int], list[int]], cut: tuple[int, int], size: int
) -> None:
    root = tmp_path_factory.mktemp("segments")
    sizes, rows = layout
    parts, start = [np.zeros((0, DIM), dtype=np.float32)], 0
    for count in sizes:
        parts.append(append(root, list(range(start, start + count))))
        start += count
    everything, found = np.concatenate(parts), opened(root)
    asked = np.array(rows, dtype=np.int64)
    assert np.array_equal(found.gather(asked), everything[asked])
    low, high = sorted(min(c, start) for c in cut)
    assert np.array_equal(found.block(low, high), everything[low:high])
    blocks = list(found.iter_blocks(size))
    assert [first for first, _ in blocks] == list(range(0, start, size))
    assert np.array_equal(np.concatenate([parts[0], *(b for _, b in blocks)]), everything)


def test_rows_out_of_range_are_refused(tmp_path: Path) -> None:
    append(tmp_path, [1, 2])
    for rows in ([2], [-1], [0, 5]):
        with pytest.raises(IndexError):
            opened(tmp_path).gather(np.array(rows))
    for start, stop in ((0, 3), (-1, 1), (2, 1)):
        with pytest.raises(IndexError):
            opened(tmp_path).block(start, stop)


@given(hnp.arrays(np.uint16, st.tuples(st.integers(0, 40), st.integers(1, 40))))
def test_half_precision_converts_exactly(bits: np.ndarray[tuple[int, int], np.dtype[np.uint16]]) -> None:
    halves = bits.view(np.float16)
    halves[~np.isfinite(halves)] = 0
    out = np.empty(halves.shape, dtype=np.float32)
    to_single(halves, out)
    assert np.array_equal(out, halves.astype(np.float32))


def test_every_half_converts_exactly_in_pieces() -> None:
    every = np.arange(65536, dtype=np.uint16).view(np.float16)
    halves = np.tile(every[np.isfinite(every)], 20).reshape(-1, 2)
    out = np.empty(halves.shape, dtype=np.float32)
    to_single(halves, out)
    assert np.array_equal(out, halves.astype(np.float32))


def test_a_crash_leaves_what_was_there_and_the_next_writer_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(tmp_path, [1])

    def crash(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "replace_dir", crash)
        with pytest.raises(KeyboardInterrupt):
            append(tmp_path, [2])
    leftovers = [p for p in folder(tmp_path).parent.iterdir() if not p.name.isdecimal()]
    assert len(leftovers) == 1
    assert opened(tmp_path).photo_ids.tolist() == [1]
    SegmentWriter(tmp_path, backbone(DIM))
    assert [p.name for p in folder(tmp_path).parent.iterdir()] == ["000001"]
    append(tmp_path, [2])
    assert opened(tmp_path).numbers == (1, 2)


def test_a_writer_goes_on_after_an_append_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SegmentWriter(tmp_path, backbone(DIM))

    def fail(*_: object) -> NoReturn:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(module, "replace_dir", fail)
        with pytest.raises(OSError, match="disk full"):
            writer.append(np.array([1]), random_rows(0, 1, DIM), digests([1]), {})
    assert writer.append(np.array([2]), random_rows(0, 1, DIM), digests([2]), {}) == 1
    assert opened(tmp_path).photo_ids.tolist() == [2]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0, -1])
def test_a_truncated_file_is_found_at_open(tmp_path: Path, name: str, kept: int) -> None:
    append(tmp_path, [1, 2, 3])
    path = folder(tmp_path) / name
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorruptFile, match=name):
        opened(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_found_at_open(tmp_path: Path, name: str) -> None:
    append(tmp_path, [1])
    (folder(tmp_path) / name).unlink()
    with pytest.raises(CorruptFile, match=name):
        opened(tmp_path)


@pytest.mark.parametrize("name", FILES[:3])
def test_a_flipped_byte_is_found_by_verify(tmp_path: Path, name: str) -> None:
    append(tmp_path, [1, 2, 3])
    path = folder(tmp_path) / name
    content = bytearray(path.read_bytes())
    content[1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptFile, match=name):
        opened(tmp_path).verify()


def test_a_description_of_another_layout_is_refused(tmp_path: Path) -> None:
    append(tmp_path, [1])
    path = folder(tmp_path) / "segment.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))
    with pytest.raises(CorruptFile, match="99"):
        opened(tmp_path)


def test_another_backbone_is_refused_and_both_are_named(tmp_path: Path) -> None:
    other = backbone(DIM, "other")
    append(tmp_path, [1], of=other)
    (tmp_path / other.short).rename(tmp_path / backbone(DIM).short)
    for attempt in (opened, lambda root: SegmentWriter(root, backbone(DIM))):
        with pytest.raises(BackboneMismatch, match="test") as caught:
            attempt(tmp_path)
        assert "other" in str(caught.value)


def test_backbones_live_side_by_side(tmp_path: Path) -> None:
    append(tmp_path, [1])
    append(tmp_path, [2], of=backbone(DIM, "other"))
    assert opened(tmp_path).photo_ids.tolist() == [1]


def test_references_open_the_same_rows_again(tmp_path: Path) -> None:
    append(tmp_path, [1, 2])
    append(tmp_path, [3])
    references = json.loads(json.dumps(opened(tmp_path).references()))
    append(tmp_path, [4])
    again = SegmentSet.open_references(tmp_path, backbone(DIM), references)
    assert again.photo_ids.tolist() == [1, 2, 3]
    assert again.references() == references
    changed = [references[0] | {"sha256": references[1]["sha256"]}]
    with pytest.raises(CorruptFile, match="referred"):
        SegmentSet.open_references(tmp_path, backbone(DIM), changed)


def test_what_may_not_be_stored(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, backbone(DIM))
    good, ids, hashes = random_rows(0, 2, DIM), np.array([1, 2]), digests([1, 2])
    for bad in (good * 1.01, good * np.nan, good * np.inf, good * np.float32(1e30)):
        with pytest.raises(ValueError, match="norm"):
            writer.append(ids, bad.astype(np.float32), hashes, {})
    with pytest.raises(ValueError, match="twice"):
        writer.append(np.array([1, 1]), good, hashes, {})
    with pytest.raises(ValueError, match="shape"):
        writer.append(ids, good[:, :3], hashes, {})
    with pytest.raises(ValueError, match="hashes"):
        writer.append(ids, good, hashes[:1], {})
    with pytest.raises(ValueError, match="64 digits"):
        writer.append(ids, good, ["ab", "cd"], {})
    with pytest.raises(ValueError, match="both"):
        writer.append(ids, good, hashes, {2: ("missing", "")})
    assert opened(tmp_path).count == 0
