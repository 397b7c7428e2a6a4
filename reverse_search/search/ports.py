"""What the use cases need of an index. A published generation is one; tests bring their own."""

from collections.abc import Mapping
from typing import Protocol

from reverse_search.classify.models import Models
from reverse_search.classify.pooling import ScoreColumns
from reverse_search.classify.postings import Postings
from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray
from reverse_search.domain.catalogue import ExemplarColumns, ObservationColumns, PhotoColumns, SuggestionColumns
from reverse_search.domain.lacking import IdentificationColumns
from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.geo.presence import Presence


class VectorSearch(Protocol):
    """Vectors by row, and the nearest of them."""

    def gather(self, rows: IntArray) -> FloatArray:
        """(m,) vector rows → (m, dim) float32."""
        ...

    def nearest(self, queries: FloatArray, k: int, pool: BoolArray) -> tuple[IntArray, Mapping[str, object]]:
        """Rows of the pool most similar to any query, and how they were found.

        Args:
            queries: (q, dim) float32 unit rows.
            k: how many rows.
            pool: (n_vectors,) bool.

        Returns:
            (min(k, pool size),) int64 rows, best first, and the plan.
        """
        ...


class Collection(Protocol):
    """What is known before anything is trained: observations, photos, evidence and vectors."""

    @property
    def taxonomy(self) -> Taxonomy:
        """The tree that all nodes refer to."""
        ...

    @property
    def observations(self) -> ObservationColumns:
        """The catalogue."""
        ...

    @property
    def photos(self) -> PhotoColumns:
        """Embedded photos."""
        ...

    @property
    def identifications(self) -> IdentificationColumns:
        """The evidence."""
        ...

    @property
    def exemplars(self) -> ExemplarColumns:
        """Verified photos that stand for taxa."""
        ...

    @property
    def presence(self) -> Presence:
        """Where taxa have been recorded."""
        ...

    @property
    def vectors(self) -> VectorSearch:
        """The embeddings."""
        ...


class ScoredIndex(Collection, Protocol):
    """A collection with a head and its scores: what the suggesting step works from."""

    @property
    def models(self) -> Models:
        """The head and what was fitted with it."""
        ...

    @property
    def leaves(self) -> IntArray:
        """(n_leaves,) nodes of the head's leaves, -1 where the taxonomy has lost one."""
        ...

    @property
    def scores(self) -> ScoreColumns:
        """Log-partitions and photo weights."""
        ...


class ServedIndex(ScoredIndex, Protocol):
    """What serves."""

    @property
    def name(self) -> str:
        """Name of the generation."""
        ...

    @property
    def postings(self) -> Postings:
        """Stored scores."""
        ...

    @property
    def suggestions(self) -> SuggestionColumns:
        """What the gate said."""
        ...
