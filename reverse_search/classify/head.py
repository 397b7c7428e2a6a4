"""A head: a linear map from a photo's vector to probabilities over leaf taxa."""

from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray
from reverse_search.domain.backbone import BackboneId

NEVER = np.float32(-1e9)
"""The bias of a leaf that can't be given, in place of minus infinity, which would turn into NaN under weights."""


@dataclass(frozen=True, eq=False)
class Head:
    """Multinomial logistic regression on frozen unit vectors.

    Attributes:
        backbone: whose vectors it was trained on; any others are refused.
        leaf_taxon_ids: (n_leaves,) int64, in the preorder of the taxonomy it was trained with.
        weights: (n_leaves, dim) float32.
        bias: (n_leaves,) float32.
        provisional: (n_leaves,) bool, true where the weight is imprinted from a handful of exemplars.
        temperature: divides all logits.
    """

    backbone: BackboneId
    leaf_taxon_ids: IntArray
    weights: FloatArray
    bias: FloatArray
    provisional: BoolArray
    temperature: float

    def __len__(self) -> int:
        return len(self.leaf_taxon_ids)

    def logits(self, vectors: FloatArray) -> FloatArray:
        """Tempered logits of (n, dim) unit vectors: (n, n_leaves) float32."""
        logits = (vectors @ self.weights.T + self.bias) / np.float32(self.temperature)
        return np.asarray(logits, dtype=np.float32)

    def log_probabilities(self, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Log P(leaf | photo), (n, n_leaves), and the log-partition, (n,): their sum is the tempered logit."""
        logits = self.logits(vectors)
        partition = log_sum_exp(logits)
        return logits - partition[:, None], partition

    def leaf_log_probabilities(self, vectors: FloatArray, log_partition: FloatArray, leaves: IntArray) -> FloatArray:
        """Exact log P(leaf | photo) for some leaves only, from the stored log-partition: (n, len(leaves))."""
        some = vectors @ self.weights[leaves].T + self.bias[leaves]
        return np.asarray(some / np.float32(self.temperature) - log_partition[:, None], dtype=np.float32)


def log_sum_exp(values: FloatArray) -> FloatArray:
    """Stable log Σ exp over the last axis: (n, m) → (n,)."""
    if values.shape[-1] == 0:
        return np.zeros(values.shape[:-1], dtype=np.float32)
    top = values.max(axis=-1, keepdims=True)
    return np.asarray(np.log(np.exp(values - top).sum(axis=-1)) + top[..., 0], dtype=np.float32)


def imprint(vectors: FloatArray, labels: IntArray, n_leaves: int) -> FloatArray:
    """Unit class means, (n_leaves, dim) float32; a leaf without a vector gets zeros.

    Weight imprinting: Qi, Brown and Lowe, "Low-Shot Learning with Imprinted Weights", CVPR 2018.
    """
    means = np.zeros((n_leaves, vectors.shape[1]), dtype=np.float64)
    np.add.at(means, labels, vectors)
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(np.divide(means, norms, out=np.zeros_like(means), where=norms > 0), dtype=np.float32)
