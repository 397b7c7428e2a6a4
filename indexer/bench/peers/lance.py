"""LanceDB: a table with an IVF-PQ index, filtered before the search by SQL; the attributes are indexed, too."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from indexer.bench.peers.base import BLOCK_ROWS, COLUMNS, Found, Photos, Where, as_sql, best_of
from reverse_search.domain.arrays import FloatArray

REFINE, PROBES = 10, 100
TABLE = "photos"


class Lance:
    """All prototypes go in one request, which LanceDB answers one by one."""

    name = "lancedb"
    distributions = ("lancedb", "pyarrow")
    settings: Mapping[str, str] = {
        "defaults": "IVF_PQ by its defaults, prefilter",
        "refined": f"nprobes {PROBES}, refine_factor {REFINE}, prefilter",
    }

    def build(self, folder: Path, photos: Photos) -> None:
        """See `Peer.build`."""
        import lancedb
        from lancedb.index import BTree, IvfPq

        schema = _schema(photos.source.dim)
        table = lancedb.connect(folder).create_table(TABLE, _batches(photos, schema), schema=schema)
        table.create_index("vector", config=IvfPq(distance_type="dot"))
        for column in COLUMNS:
            table.create_index(column, config=BTree())

    def open(self, folder: Path) -> None:
        """See `Peer.open`."""
        import lancedb

        self._table = lancedb.connect(folder).open_table(TABLE)

    def search(self, queries: FloatArray, k: int, where: Where, setting: str) -> Found:
        """See `Peer.search`."""
        request = self._table.search(queries).distance_type("dot").select(["row", "_distance"]).limit(k)
        if where:
            request = request.where(as_sql(where), prefilter=True)
        if setting == "refined":
            request = request.nprobes(PROBES).refine_factor(REFINE)
        answer = request.to_arrow()
        # Its distance is 1 - dot.
        return best_of(answer["row"].to_numpy(), 1 - answer["_distance"].to_numpy(), k)


def _schema(dim: int) -> Any:
    import pyarrow as pa

    attributes = [("observed_day", pa.int32()), ("latitude", pa.float64()), ("longitude", pa.float64())]
    return pa.schema([("row", pa.int64()), *attributes, ("vector", pa.list_(pa.float32(), dim))])


def _batches(photos: Photos, schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    for start, vectors in photos.source.iter_blocks(BLOCK_ROWS):
        stop = start + len(vectors)
        columns = [pa.array(np.asarray(photos.columns[name][start:stop])) for name in COLUMNS]
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        yield pa.record_batch([pa.array(np.arange(start, stop)), *columns, flat], schema=schema)
