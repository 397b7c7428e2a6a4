from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from indexer.backbones.projection import Projection, unit_rows
from reverse_search.domain.arrays import FloatArray
from reverse_search.errors import CorruptFile


def sample(n: int = 400, dim: int = 12, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    scales = np.linspace(3, 0.3, dim)
    return np.asarray(rng.normal(size=(n, dim)) * scales + 2, dtype=np.float32)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.floats(1e-3, 1e3))
def test_rows_come_out_with_unit_norm(seed: int, n: int, scale: float) -> None:
    projection = Projection.fit(sample(), dim=8)
    vectors = projection.apply(np.asarray(sample(n, seed=seed) * scale, dtype=np.float32))
    assert vectors.shape == (n, 8)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("dim", [4, 12])
def test_it_is_pca_with_half_the_whitening(dim: int) -> None:
    raw = sample()
    pca = PCA(n_components=dim, svd_solver="full").fit(unit_rows(raw).astype(np.float64))
    wanted = pca.transform(unit_rows(raw)) / np.sqrt(pca.singular_values_)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    found = Projection.fit(raw, dim).apply(raw)
    signs = np.sign((wanted * found).sum(axis=0))
    np.testing.assert_allclose(found, wanted * signs, atol=2e-4)


def test_whitening_by_half_leaves_standard_deviations_at_their_root() -> None:
    raw = sample(2000)
    projection = Projection.fit(raw, 12)
    centred = unit_rows(raw) - projection.mean
    found = (centred @ projection.matrix).std(axis=0)
    full = np.sort(PCA().fit(unit_rows(raw)).explained_variance_ ** 0.25)[::-1]
    np.testing.assert_allclose(found, full, rtol=0.01)


def test_fitting_twice_is_the_same() -> None:
    once, again = Projection.fit(sample(), 8), Projection.fit(sample(), 8)
    assert once.digest == again.digest
    assert once.digest != Projection.fit(sample(seed=1), 8).digest


def test_the_scale_of_a_photo_does_not_matter() -> None:
    projection = Projection.fit(sample(), 8)
    np.testing.assert_allclose(projection.apply(sample()), projection.apply(sample() * np.float32(7)), atol=1e-5)


def test_dimensions_the_sample_lacks_are_dropped() -> None:
    raw = np.zeros((300, 12), dtype=np.float32)
    raw[:, [1, 4, 7]] = sample(dim=3, n=300)
    projection = Projection.fit(raw)
    assert projection.dim <= 3
    assert np.abs(projection.matrix).max() < 100
    np.testing.assert_allclose(projection.matrix[[0, 2, 3]], 0, atol=1e-6)


def test_fewer_photos_than_dimensions() -> None:
    projection = Projection.fit(sample(n=5, dim=12))
    assert projection.dim == 4
    assert np.isfinite(projection.apply(sample(dim=12))).all()


def test_save_and_load(tmp_path: Path) -> None:
    projection = Projection.fit(sample(), 8)
    projection.save(tmp_path / "projection.npz")
    loaded = Projection.load(tmp_path / "projection.npz")
    assert loaded.digest == projection.digest
    assert loaded.dim == 8
    np.testing.assert_array_equal(loaded.apply(sample()), projection.apply(sample()))
    assert [p.name for p in tmp_path.iterdir()] == ["projection.npz"]


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_file_is_corrupt(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "projection.npz"
    Projection.fit(sample(), 8).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(CorruptFile, match="projection"):
        Projection.load(path)


def test_flipped_bytes_are_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "projection.npz"
    Projection.fit(sample(), 8).save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(CorruptFile):
        Projection.load(path)


def test_other_files_are_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "projection.npz"
    with pytest.raises(CorruptFile):
        Projection.load(path)
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(CorruptFile):
        Projection.load(path)
    np.savez(path, mean=np.zeros(3))
    with pytest.raises(CorruptFile):
        Projection.load(path)
    np.savez(path, mean=np.zeros(3), matrix=np.zeros((4, 2)))
    with pytest.raises(CorruptFile, match="doesn't go with"):
        Projection.load(path)


def test_zero_rows_stay_zero() -> None:
    assert unit_rows(np.zeros((2, 3), dtype=np.float32)).tolist() == [[0, 0, 0], [0, 0, 0]]
