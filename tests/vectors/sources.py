"""Vectors in memory, and what plain numpy says about them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from reverse_search.domain.backbone import BackboneId
from reverse_search.vectors.index import Pool


@dataclass(frozen=True, eq=False)
class ArraySource:
    """Rows of an array, rounded to half precision as segments do."""

    vectors: FloatArray

    @classmethod
    def of(cls, vectors: FloatArray) -> "ArraySource":
        return cls(vectors.astype(np.float16).astype(np.float32))

    @property
    def count(self) -> int:
        return len(self.vectors)

    @property
    def dim(self) -> int:
        return int(self.vectors.shape[1])

    def gather(self, rows: IntArray) -> FloatArray:
        return self.vectors[rows]

    def block(self, start: int, stop: int) -> FloatArray:
        return self.vectors[start:stop]

    def iter_blocks(self, size: int) -> Iterator[tuple[int, FloatArray]]:
        for start in range(0, self.count, size):
            yield start, self.vectors[start : start + size]


class HalfDevice:
    """What stands in for a GPU: it knows no pools, rounds queries to half precision, and gives ties in any order."""

    def __init__(self, dim: int, deepest: int = 2048) -> None:
        self.deepest = deepest
        self.asked: list[int] = []
        self._vectors = np.zeros((0, dim), dtype=np.float32)

    @property
    def count(self) -> int:
        return len(self._vectors)

    def add(self, vectors: FloatArray) -> None:
        self._vectors = np.concatenate([self._vectors, vectors.astype(np.float16).astype(np.float32)])

    def top(self, queries: FloatArray, depth: int) -> tuple[IntArray, FloatArray]:
        assert 0 < depth <= min(self.deepest, self.count)
        self.asked.append(depth)
        with np.errstate(over="ignore", invalid="ignore"):
            values = queries.astype(np.float16).astype(np.float32) @ self._vectors.T
        rows = np.argsort(-values[:, ::-1], axis=1, kind="stable")[:, :depth]
        rows = (self.count - 1 - rows).astype(np.int64)
        return rows, np.take_along_axis(values, rows, axis=1)


def unit(rows: FloatArray | DoubleArray) -> FloatArray:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms == 0, 1, norms), dtype=np.float32)


def random_rows(seed: int, count: int, dim: int) -> FloatArray:
    return unit(np.random.default_rng(seed).standard_normal((count, dim)))


def clustered_rows(seed: int, count: int, dim: int, n_clusters: int = 200, spread: float = 0.5) -> FloatArray:
    """Rows around centres that only depend on the dimension, so that other seeds give rows of the same clusters."""
    centres = random_rows(1000 + dim, n_clusters, dim)
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, dim)) * spread / np.sqrt(dim)
    return unit(centres[rng.integers(0, n_clusters, count)] + noise)


def similarities(source: ArraySource, queries: FloatArray) -> DoubleArray:
    """(n_queries, n_rows) float64, by brute force."""
    return np.asarray(queries.astype(np.float64) @ source.vectors.T.astype(np.float64))


def best_rows(values: DoubleArray, mask: BoolArray, k: int) -> IntArray:
    """The k best rows of a mask, ties by row: for one query's similarities."""
    rows = np.flatnonzero(mask)
    order = sorted(rows.tolist(), key=lambda row: (-values[row], row))
    return np.array(order[:k], dtype=np.int64)


def random_pool(seed: int, count: int, part: float) -> Pool:
    return Pool(np.random.default_rng(seed).random(count) < part)


def backbone(dim: int, name: str = "test") -> BackboneId:
    return BackboneId(name, "00", "none", "numpy", "float32", "none", dim)
