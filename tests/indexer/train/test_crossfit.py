import numpy as np
import pytest

from indexer.train.crossfit import HeldOutPhotos, Imprinting, RawHead, fit_calibration
from reverse_search.classify.head import NEVER
from reverse_search.domain.arrays import FloatArray

DIM, TRAINED, RARE = 16, 4, 3
N_LEAVES = TRAINED + RARE


def unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)


def world(seed: int = 0) -> tuple[HeldOutPhotos, list[RawHead], np.ndarray]:
    """Clusters around leaves, two folds, and a head for each that knows all leaves."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.normal(size=(N_LEAVES, DIM)).astype(np.float32))
    leaf = np.concatenate([np.repeat(np.arange(TRAINED), 40), np.repeat(np.arange(TRAINED, N_LEAVES), 6)])
    vectors = unit(centres[leaf] + 0.4 * rng.normal(size=(len(leaf), DIM)).astype(np.float32))
    provisional = np.arange(N_LEAVES) >= TRAINED
    weights = np.where(provisional[:, None], centres, 12 * centres).astype(np.float32)
    heads = [RawHead(weights, np.zeros(N_LEAVES, dtype=np.float32), provisional) for _ in range(2)]
    return HeldOutPhotos(vectors, np.arange(len(leaf)), leaf), heads, np.arange(len(leaf)) % 2


def calibrated(photos: HeldOutPhotos, heads: list[RawHead], which: np.ndarray) -> tuple[Imprinting, float]:
    return fit_calibration(photos, photos.products(heads, which), heads, which)


def accuracy(photos: HeldOutPhotos, heads: list[RawHead], which: np.ndarray, how: Imprinting) -> float:
    logits = photos.logits(photos.products(heads, which), heads, which, how)
    return float((logits.argmax(axis=1) == photos.leaf).mean())


def test_imprinted_leaves_are_made_commensurate() -> None:
    photos, heads, which = world()
    how, temperature = calibrated(photos, heads, which)
    assert 1 < how.scale < 200
    assert 1 / 8 < temperature < 8
    assert accuracy(photos, heads, which, how) > 0.6


@pytest.mark.parametrize("rare", [True, False])
def test_a_leaf_that_only_one_fold_knows_does_not_upset_the_others(rare: bool) -> None:
    """As a rare taxon does whose observers are all of one fold: the head that left them out never saw it."""
    photos, heads, which = world()
    usual, usual_temperature = calibrated(photos, heads, which)
    left_out = TRAINED if rare else 0
    mine = (photos.leaf != left_out) | (which == 0)
    photos = HeldOutPhotos(photos.vectors[mine], np.arange(mine.sum()), photos.leaf[mine])
    bias = heads[0].bias.copy()
    bias[left_out] = NEVER
    heads = [RawHead(heads[0].weights, bias, heads[0].provisional), heads[1]]
    how, temperature = calibrated(photos, heads, which[mine])
    assert how.scale == pytest.approx(usual.scale, rel=0.5)
    assert temperature == pytest.approx(usual_temperature, rel=0.3)
    assert accuracy(photos, heads, which[mine], how) > 0.6
