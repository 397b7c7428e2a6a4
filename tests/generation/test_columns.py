from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_search.domain.arrays import AnyArray, FloatArray, IntArray
from reverse_search.errors import CorruptFile
from reverse_search.generation.columns import load_columns, save_columns


@dataclass(frozen=True, eq=False)
class Pair:
    ids: IntArray
    vectors: FloatArray


def pair(n: int, dim: int = 3) -> Pair:
    return Pair(np.arange(n, dtype=np.int64), np.arange(n * dim, dtype=np.float32).reshape(n, dim))


@given(n=st.integers(0, 5), dim=st.integers(0, 3), dtype=st.sampled_from(["i1", "?", "u1", "f2", "f8"]))
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, n: int, dim: int, dtype: str) -> None:
    folder = tmp_path_factory.mktemp("columns") / "below"
    odd: AnyArray = np.zeros((dim, n), dtype=dtype).T
    save_columns(folder, Pair(np.arange(n, dtype=np.int64), odd))
    loaded = load_columns(folder, Pair)
    for found, expected in ((loaded.ids, np.arange(n)), (loaded.vectors, odd)):
        assert found.shape == expected.shape
        np.testing.assert_array_equal(found, expected)
    assert loaded.vectors.dtype == np.dtype(dtype)


def test_loaded_arrays_are_mapped_and_read_only(tmp_path: Path) -> None:
    save_columns(tmp_path, pair(4))
    loaded = load_columns(tmp_path, Pair)
    assert isinstance(loaded.vectors.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded.ids[0] = 7


@pytest.mark.parametrize("kept", [0, 5, 60, 130, -1])
def test_a_truncated_file_is_corrupt(tmp_path: Path, kept: int) -> None:
    save_columns(tmp_path, pair(4))
    path = tmp_path / "vectors.npy"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorruptFile, match=r"vectors\.npy"):
        load_columns(tmp_path, Pair)


def test_a_missing_file_is_corrupt_and_named(tmp_path: Path) -> None:
    save_columns(tmp_path, pair(4))
    (tmp_path / "ids.npy").unlink()
    with pytest.raises(CorruptFile, match=r"ids\.npy.*roll back"):
        load_columns(tmp_path, Pair)


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    save_columns(tmp_path, pair(4))
    np.save(tmp_path / "ids.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(CorruptFile):
        load_columns(tmp_path, Pair)


@pytest.mark.filterwarnings("ignore:Data type alias:DeprecationWarning")
def test_whatever_bit_of_the_header_is_flipped_it_loads_or_is_corrupt(tmp_path: Path) -> None:
    """numpy reads the header with Python's parser, whose errors are of several kinds."""
    save_columns(tmp_path, pair(4))
    path, refused = tmp_path / "ids.npy", 0
    whole = path.read_bytes()
    for bit in range(8 * 128):
        path.unlink()
        path.write_bytes(whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :])
        try:
            load_columns(tmp_path, Pair)
        except CorruptFile:
            refused += 1
    assert refused > 100
