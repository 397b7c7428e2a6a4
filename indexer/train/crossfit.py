"""Held-out predictions: every verified observation scored by a head that saw neither it nor its observer.

Two sets of heads are trained besides the final one. *Fold heads* leave out a fold of observers each. *Novel heads*
leave out a share of the families each: what they say of those families is how the gate behaves with organisms
that no head has ever seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from indexer.train.child import run_in_child
from indexer.train.jobs import SoftmaxJob, SoftmaxSettings
from reverse_search.classify.calibrate import fit_temperature, negative_log_likelihood
from reverse_search.classify.head import NEVER, Head, imprint, log_sum_exp
from reverse_search.classify.pooling import pool_photos
from reverse_search.classify.training_set import TrainingSet
from reverse_search.domain.arrays import AnyArray, BoolArray, FloatArray, IntArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.domain.folds import fold_of
from reverse_search.domain.taxonomy import Taxonomy

MAX_HELD_OUT_CELLS = 60_000_000
"""Held-out observations × leaves kept in memory at most; beyond that the observations are thinned."""


@dataclass(frozen=True, slots=True)
class Imprinting:
    """How imprinted leaves are made commensurate with trained ones: logit = scale · cosine + bias."""

    scale: float = 20.0
    bias: float = 0.0


@dataclass(frozen=True, eq=False)
class RawHead:
    """A head before calibration.

    Attributes:
        weights: (n_leaves, dim) float32; unit directions for provisional leaves.
        bias: (n_leaves,) float32; NEVER for leaves without a photo.
        provisional: (n_leaves,) bool.
    """

    weights: FloatArray
    bias: FloatArray
    provisional: BoolArray

    def rescale(self, products: FloatArray, imprinting: Imprinting) -> FloatArray:
        """Products with the weights → logits."""
        scale, bias = self._scaled(imprinting)
        return np.asarray(products * scale + bias, dtype=np.float32)

    def finish(
        self, backbone: BackboneId, leaf_taxon_ids: IntArray, imprinting: Imprinting, temperature: float
    ) -> Head:
        """The calibrated head."""
        scale, bias = self._scaled(imprinting)
        weights = (self.weights * scale[:, None]).astype(np.float32)
        return Head(backbone, leaf_taxon_ids, weights, bias, self.provisional, temperature)

    def _scaled(self, imprinting: Imprinting) -> tuple[FloatArray, FloatArray]:
        """Factor and bias of every leaf."""
        scale = np.where(self.provisional, np.float32(imprinting.scale), np.float32(1))
        bias = np.where(self.provisional & (self.bias > NEVER), np.float32(imprinting.bias), self.bias)
        return scale.astype(np.float32), bias.astype(np.float32)


@dataclass(frozen=True, eq=False)
class TrainingVectors:
    """The training photos' vectors on disk, trained rows first, then imprint rows.

    Attributes:
        path: (n_train + n_imprint, dim) float16 .npy file.
        n_train: how many rows train.
        observers: (n_train + n_imprint,) int64.
    """

    path: Path
    n_train: int
    observers: IntArray


def train_heads(
    training: TrainingSet, vectors: TrainingVectors, keep: list[BoolArray], start: RawHead, settings: SoftmaxSettings
) -> list[RawHead]:
    """Train one head for each mask of photos to keep, all in one child process.

    Args:
        training: leaves and labels.
        vectors: the photos' vectors.
        keep: masks, (n_train + n_imprint,) bool each.
        start: where gradient descent begins.
        settings: of gradient descent.
    """
    n = vectors.n_train
    trained = np.flatnonzero(~training.provisional)
    class_of = np.full(len(training.leaves), -1, dtype=np.int64)
    class_of[trained] = np.arange(len(trained))
    labels = class_of[training.labels]
    jobs = [
        SoftmaxJob(np.flatnonzero(mask[:n]), labels[mask[:n]], start.weights[trained], start.bias[trained])
        for mask in keep
    ]
    fitted = run_in_child("indexer.train.softmax", "fit_all", vectors.path, jobs, settings)
    mapped = np.load(vectors.path, mmap_mode="r", allow_pickle=False)
    return [
        _with_imprints(training, trained, weights, bias, np.asarray(mapped[n:][mask[n:]], np.float32), mask[n:])
        for (weights, bias), mask in zip(fitted, keep, strict=True)
    ]


def _with_imprints(
    training: TrainingSet,
    trained: IntArray,
    weights: FloatArray,
    bias: FloatArray,
    vectors: FloatArray,
    kept: BoolArray,
) -> RawHead:
    directions = imprint(vectors, training.imprint_labels[kept], len(training.leaves))
    present = np.bincount(training.imprint_labels[kept], minlength=len(training.leaves)) > 0
    all_bias = np.where(present, np.float32(0), NEVER).astype(np.float32)
    directions[trained], all_bias[trained] = weights, bias
    return RawHead(directions, all_bias, training.provisional)


def class_means(training: TrainingSet, vectors: TrainingVectors, scale: float = 10.0) -> RawHead:
    """A start for gradient descent: scaled class means."""
    mapped = np.load(vectors.path, mmap_mode="r", allow_pickle=False)
    means = np.zeros((len(training.leaves), mapped.shape[1]), dtype=np.float64)
    for begin in range(0, vectors.n_train, 65536):
        stop = min(begin + 65536, vectors.n_train)
        np.add.at(means, training.labels[begin:stop], np.asarray(mapped[begin:stop], dtype=np.float32))
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    weights = np.divide(means, norms, out=np.zeros_like(means), where=norms > 0) * scale
    return RawHead(weights.astype(np.float32), np.zeros(len(means), dtype=np.float32), training.provisional)


def family_groups(leaves: IntArray, taxonomy: Taxonomy, folds: int) -> IntArray:
    """Which novel head leaves each leaf out: (n_leaves,) int64. Leaves of one family go together."""
    groups = []
    for leaf in leaves:
        family = taxonomy.ancestor_at(int(leaf), "family")
        taxon_id = int(taxonomy.taxon_ids[family if family >= 0 else int(leaf)])
        groups.append(fold_of(taxon_id, folds, key="families"))
    return np.array(groups, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class HeldOutPhotos:
    """Verified photos that heads are measured on, consecutive by observation.

    Attributes:
        vectors: (n_photos, dim) float32.
        starts: (n_observations,) int64 first photo of each observation.
        leaf: (n_observations,) int64 finest leaf at or above the label, -1 for none.
    """

    vectors: FloatArray
    starts: IntArray
    leaf: IntArray

    def products(self, heads: list[RawHead], which: AnyArray) -> FloatArray:
        """Products of each observation's photos with the weights of the head that is its own: (n_photos, n_leaves)."""
        counts = np.diff(np.append(self.starts, len(self.vectors)))
        of_photo = np.repeat(which, counts)
        result = np.zeros((len(self.vectors), len(heads[0].bias)), dtype=np.float32)
        for index, head in enumerate(heads):
            mine = of_photo == index
            result[mine] = self.vectors[mine] @ head.weights.T
        return result

    def logits(self, products: FloatArray, heads: list[RawHead], which: AnyArray, how: Imprinting) -> FloatArray:
        """Products → logits, each photo by its own head."""
        counts = np.diff(np.append(self.starts, len(self.vectors)))
        of_photo = np.repeat(which, counts)
        result = np.empty_like(products)
        for index, head in enumerate(heads):
            result[of_photo == index] = head.rescale(products[of_photo == index], how)
        return result


def fit_calibration(
    photos: HeldOutPhotos, products: FloatArray, heads: list[RawHead], which: AnyArray
) -> tuple[Imprinting, float]:
    """Scale and bias of imprinted leaves, and the temperature, by held-out likelihood of pooled observations.

    Observations of a leaf that their own head never saw say nothing of how sure it should be: a single one would weigh
    more than all others.
    """
    to_log_p = _pooler(photos.starts)
    unseen = np.stack([head.bias <= NEVER for head in heads])[which, photos.leaf]
    leaf = np.where((photos.leaf >= 0) & unseen, -1, photos.leaf)
    if not heads[0].provisional.any():
        logits = photos.logits(products, heads, which, Imprinting())
        return Imprinting(), fit_temperature(logits, leaf, to_log_p)

    def loss(point: AnyArray) -> float:
        how = Imprinting(scale=float(np.exp(point[0])), bias=float(point[1]))
        logits = photos.logits(products, heads, which, how)
        return negative_log_likelihood(to_log_p(logits / np.float32(np.exp(point[2]))), leaf)

    start = np.array([np.log(20.0), 0.0, 0.0])
    simplex = start + np.vstack([np.zeros(3), np.diag([0.5, 3.0, 0.3])])
    found = minimize(loss, start, method="Nelder-Mead", options={"maxfev": 150, "initial_simplex": simplex})
    temperature = float(np.clip(np.exp(found.x[2]), 1 / 8, 8))
    return Imprinting(scale=float(np.exp(found.x[0])), bias=float(found.x[1])), temperature


def _pooler(starts: IntArray) -> Callable[[FloatArray], FloatArray]:
    def pooled(logits: FloatArray) -> FloatArray:
        return pool_photos(logits - log_sum_exp(logits)[:, None], starts).log_probabilities

    return pooled
