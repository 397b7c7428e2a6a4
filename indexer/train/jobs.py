"""What the training process is asked for: plain values, so that asking doesn't import torch."""

from dataclasses import dataclass

from reverse_search.domain.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class SoftmaxSettings:
    """How to train.

    Attributes:
        inverse_l2: C of scikit-learn's LogisticRegression: the penalty is |W|² / (2 · C · n).
        learning_rate: at the start; it falls to zero along a cosine.
        batch_size: photos a step.
        least_steps: of gradient descent, however small the collection.
        max_epochs: passes over a small collection.
        min_epochs: passes over a large one.
        seed: of the order of the photos.
    """

    inverse_l2: float = 30.0
    learning_rate: float = 0.1
    batch_size: int = 256
    least_steps: int = 600
    max_epochs: int = 100
    min_epochs: int = 4
    seed: int = 1


@dataclass(frozen=True, eq=False)
class SoftmaxJob:
    """One head to train.

    Attributes:
        rows: (n,) int64 rows of the vectors file that train it.
        labels: (n,) int64 class of each.
        weights: (n_classes, dim) float32 to start from.
        bias: (n_classes,) float32 to start from.
    """

    rows: IntArray
    labels: IntArray
    weights: FloatArray
    bias: FloatArray
