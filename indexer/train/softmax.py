"""Multinomial logistic regression on unit vectors: minibatches, Adam, L2, from a given start."""

from pathlib import Path

import numpy as np
import torch

from indexer.train.jobs import SoftmaxJob, SoftmaxSettings
from reverse_search.domain.arrays import BoolArray, FloatArray

THREADS_PAY_FROM = 100_000_000
"""Multiplications a step below which a second thread costs more than it gives (measured: README, Decisions)."""


def fit_all(vectors: Path, jobs: list[SoftmaxJob], settings: SoftmaxSettings) -> list[tuple[FloatArray, FloatArray]]:
    """Train every job on rows of a (n, dim) float16 .npy file: (weights, bias) each. Runs in the child."""
    mapped = np.load(vectors, mmap_mode="r", allow_pickle=False)
    largest = max((job.weights.size for job in jobs), default=0) * settings.batch_size
    if largest < THREADS_PAY_FROM:
        torch.set_num_threads(1)
    return [fit_softmax(mapped, job, settings) for job in jobs]


def fit_softmax(vectors: FloatArray, job: SoftmaxJob, settings: SoftmaxSettings) -> tuple[FloatArray, FloatArray]:
    """Train one head. Classes without a photo get a bias that rules them out."""
    n, n_classes = len(job.rows), len(job.bias)
    present: BoolArray = np.bincount(job.labels, minlength=n_classes) > 0
    weights = torch.tensor(job.weights, dtype=torch.float32, requires_grad=True)
    bias = torch.tensor(np.where(present, job.bias, -1e9).astype(np.float32), requires_grad=True)
    if n and present.sum() > 1:
        _descend(vectors, job, weights, bias, settings)
    final = bias.detach().numpy()
    return weights.detach().numpy(), np.where(present, final, np.float32(-1e9)).astype(np.float32)


def _descend(
    vectors: FloatArray, job: SoftmaxJob, weights: torch.Tensor, bias: torch.Tensor, settings: SoftmaxSettings
) -> None:
    n = len(job.rows)
    steps_an_epoch = -(-n // settings.batch_size)
    epochs = int(np.clip(-(-settings.least_steps // steps_an_epoch), settings.min_epochs, settings.max_epochs))
    optimiser = torch.optim.Adam([weights, bias], lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * steps_an_epoch)
    order = np.random.default_rng(settings.seed)
    penalty = 1 / (2 * settings.inverse_l2 * n)
    for _ in range(epochs):
        shuffled = order.permutation(n)
        for start in range(0, n, settings.batch_size):
            # Ascending rows read the mapped file forwards.
            chosen = np.sort(shuffled[start : start + settings.batch_size])
            batch = torch.from_numpy(np.asarray(vectors[job.rows[chosen]], dtype=np.float32))
            target = torch.from_numpy(job.labels[chosen])
            loss = torch.nn.functional.cross_entropy(batch @ weights.T + bias, target)
            loss = loss + penalty * (weights**2).sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
