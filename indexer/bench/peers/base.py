"""What a library is given, what it is asked, what it answers."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from reverse_search.domain.arrays import AnyArray, BoolArray, FloatArray, IntArray
from reverse_search.vectors.index import VectorSource

COLUMNS = ("observed_day", "latitude", "longitude")
"""Attributes of the observation, copied onto each of its photos: int32, float64, float64."""
BLOCK_ROWS = 8192
_OPERATORS = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True, slots=True)
class Condition:
    """A limit on one attribute.

    Attributes:
        column: one of COLUMNS.
        comparison: which side of the limit is in play; the limit itself is, too.
        value: the limit, of the column's kind.
    """

    column: str
    comparison: Literal["<=", ">="]
    value: float


Where = tuple[Condition, ...]
"""All of them have to hold; none leaves everything in play."""


def in_play(where: Where, columns: Mapping[str, AnyArray]) -> BoolArray:
    """Which photos pass: (n,) bool for columns of n rows."""
    mask = np.ones(len(columns[COLUMNS[0]]), dtype=np.bool_)
    for condition in where:
        mask &= _OPERATORS[condition.comparison](columns[condition.column], condition.value)
    return mask


def as_sql(where: Where) -> str:
    """As LanceDB and Milvus read it; "" for no condition. Python's digits, so that limits are the same to the bit."""
    return " and ".join(f"{c.column} {c.comparison} {c.value!r}" for c in where)


@dataclass(frozen=True, eq=False)
class Photos:
    """What every library is given.

    Attributes:
        source: the vectors, unit float32 as they were read from float16.
        columns: of COLUMNS, (n,) each, by vector row.
    """

    source: VectorSource
    columns: Mapping[str, AnyArray]


@dataclass(frozen=True, eq=False)
class Found:
    """An answer, best first.

    Attributes:
        rows: (m,) int64 vector rows, each once; m is at most k.
        similarities: (m,) float32 as the library says, greatest first.
    """

    rows: IntArray
    similarities: FloatArray


def best_of(rows: AnyArray, similarities: AnyArray, k: int) -> Found:
    """The k rows with the greatest similarity, of what several queries found.

    Args:
        rows: (m,) integers, with repetitions.
        similarities: (m,) to the query that found it.
        k: how many.
    """
    order = np.argsort(-similarities, kind="stable")
    _, first = np.unique(rows[order], return_index=True)
    chosen = order[np.sort(first)[:k]]
    return Found(rows[chosen].astype(np.int64), similarities[chosen].astype(np.float32))


class Peer(Protocol):
    """A library, ours or another. Packages are imported by `build` and `open` only, which happen in other processes."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        ...

    @property
    def distributions(self) -> Sequence[str]:
        """Packages that it needs, as pip names them, the one whose version is shown first."""
        ...

    @property
    def settings(self) -> Mapping[str, str]:
        """Ways to search, the library's own defaults first: name to what is set."""
        ...

    def build(self, folder: Path, photos: Photos) -> None:
        """Store and index everything in an empty folder."""
        ...

    def open(self, folder: Path) -> None:
        """Get ready to search what `build` left, in another process."""
        ...

    def search(self, queries: FloatArray, k: int, where: Where, setting: str) -> Found:
        """The k photos in play with the greatest maximum similarity over all queries.

        Args:
            queries: (m, dim) float32.
            k: how many.
            where: which photos are in play.
            setting: one of `settings`.
        """
        ...
