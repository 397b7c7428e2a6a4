"""PCA with half whitening: fitted once on a bounded sample, stored before the first segment.

Half whitening divides each component by the square root of its standard deviation: full whitening lifts noise as
high as signal, none lets a few common directions drown the rest. Measured figures are in the README.
"""

import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reverse_search.domain.arrays import FloatArray
from reverse_search.domain.files import write_atomic
from reverse_search.errors import CorruptFile

DIM = 512
MIN_SAMPLE = 1024
"""With fewer photos the components are noise, and raw vectors serve better."""
MAX_SAMPLE = 8192
HALF = 0.25  # of the exponent of a variance: σ ** −0.5


@dataclass(frozen=True, eq=False)
class Projection:
    """x → normalise((normalise(x) − mean) · matrix).

    Attributes:
        mean: (raw_dim,) float32.
        matrix: (raw_dim, dim) float32.
    """

    mean: FloatArray
    matrix: FloatArray

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the numbers."""
        return hashlib.sha256(self.mean.tobytes() + self.matrix.tobytes()).hexdigest()

    @property
    def dim(self) -> int:
        """Length of a projected vector."""
        return int(self.matrix.shape[1])

    def apply(self, raw: FloatArray) -> FloatArray:
        """(n, raw_dim) raw vectors → (n, dim) unit vectors."""
        centred = unit_rows(raw) - self.mean
        return unit_rows(np.asarray(centred @ self.matrix, dtype=np.float32))

    @classmethod
    def fit(cls, raw: FloatArray, dim: int = DIM) -> "Projection":
        """Fit on (n, raw_dim) raw vectors."""
        rows = unit_rows(raw).astype(np.float64)
        mean = rows.mean(axis=0)
        centred = rows - mean
        variances, directions = np.linalg.eigh(centred.T @ centred / len(rows))
        kept = np.argsort(variances)[::-1][: min(dim, len(variances))]
        # Components that the sample doesn't have at all would be noise blown up.
        kept = kept[variances[kept] > variances.max() * 1e-9]
        matrix = directions[:, kept] * variances[kept] ** -HALF
        signs = np.sign(matrix[np.abs(matrix).argmax(axis=0), np.arange(matrix.shape[1])])
        return cls(mean.astype(np.float32), (matrix * signs).astype(np.float32))

    def save(self, path: Path) -> None:
        """Write to one file, atomically."""
        buffer = io.BytesIO()
        np.savez(buffer, mean=self.mean, matrix=self.matrix)
        write_atomic(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Projection":
        """Read what `save` wrote. Raises CorruptFile."""
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                mean, matrix = arrays["mean"], arrays["matrix"]
            if matrix.ndim != 2 or mean.shape != matrix.shape[:1]:
                raise ValueError(f"a mean of {mean.shape} doesn't go with a matrix of {matrix.shape}")
            return cls(mean, matrix)
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
            raise CorruptFile(f"{path} can't be read ({error}); restore it, or refit with `nightly --refit`") from error


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Rows of unit norm; a row of zeros stays."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
