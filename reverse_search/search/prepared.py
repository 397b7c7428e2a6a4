"""What every search of a generation needs and none should work out again: kept as long as the generation is open.

Belongs to the photos of a generation: what is laid over a generation during the day changes neither photos nor
vectors nor exemplars, so that those views share it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from reverse_search.domain.arrays import BoolArray, FloatArray, Int32Array, IntArray
from reverse_search.domain.catalogue import ObservationColumns, PhotoColumns
from reverse_search.geo.recorded import Places, RecordedPlaces
from reverse_search.search.ports import Collection

KEPT_PROTOTYPES, KEPT_PLACES = 512, 64
"""Taxa; at most 64 prototypes of 2 KiB each, and some 2 MiB of places for a large class."""
SPARSE = 16
"""One observation in so many, below which those in play are looked up instead of looking at all vectors."""
NOBODY = -1
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values asked for last, up to a number of them. Safe to share between threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made if it isn't there; by two threads at once it may be made twice."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value


class VectorOwners:
    """Which observation each vector belongs to; a photo may stand in several."""

    def __init__(self, photos: PhotoColumns) -> None:
        # `photos` itself isn't kept: what belongs to it would then keep it alive.
        rows, observations = np.asarray(photos.vector_row), np.asarray(photos.observation)
        self._owner: Int32Array = np.full(int(rows.max(initial=-1)) + 1, NOBODY, dtype=np.int32)
        self._owner[rows] = observations
        shared = np.flatnonzero(self._owner[rows] != observations)
        self._shared_rows, self._shared_owners = rows[shared], observations[shared]

    def vectors_of(self, mask: BoolArray, photos: PhotoColumns, observations: ObservationColumns) -> BoolArray:
        """Which vectors belong to observations of a mask: (n_observations,) bool → (n_vectors,) bool."""
        rows = np.flatnonzero(mask)
        if len(rows) * SPARSE < len(mask):
            found = np.zeros(len(self._owner), dtype=np.bool_)
            found[photos.vector_row[photos.of_observations(rows, observations)[0]]] = True
            return found
        found = np.append(mask, False)[self._owner]
        found[self._shared_rows[mask[self._shared_owners]]] = True
        return found

    def owners_of(self, vector_rows: IntArray) -> IntArray:
        """Observation rows that any of these vectors belong to: ascending, each once."""
        owners = [self._owner[vector_rows]]
        if len(self._shared_rows):
            owners.append(self._shared_owners[np.isin(self._shared_rows, vector_rows)])
        found = np.unique(np.concatenate(owners)).astype(np.int64)
        return np.asarray(found[found != NOBODY])


class Prepared:
    """What is kept for one generation."""

    def __init__(self, index: Collection) -> None:
        self.owners = VectorOwners(index.photos)
        self.prototypes: Recent[int, FloatArray] = Recent(KEPT_PROTOTYPES)
        self._places: Recent[int, Places] = Recent(KEPT_PLACES)
        self._recorded = RecordedPlaces(index.presence)

    def places(self, taxon: int, leave: int) -> Places:
        """Where subtree(taxon), whose nodes are [taxon, leave), has been recorded."""
        return self._places.get(taxon, lambda: self._recorded.of(taxon, leave))


_prepared: "WeakKeyDictionary[PhotoColumns, Prepared]" = WeakKeyDictionary()
_lock = threading.Lock()


def prepared(index: Collection) -> Prepared:
    """What is kept for the generation of an index; made at the first call, in 5 ms for a million photos."""
    with _lock:
        found = _prepared.get(index.photos)
        if found is None:
            found = _prepared[index.photos] = Prepared(index)
        return found
