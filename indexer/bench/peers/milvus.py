"""Milvus Lite: the client of Milvus over a server that runs in the same process, on loopback."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from indexer.bench.peers.base import COLUMNS, Found, Photos, Where, as_sql, best_of
from reverse_search.domain.arrays import FloatArray

COLLECTION = "photos"
BATCH_ROWS = 5000
SETTINGS: Mapping[str, dict[str, int]] = {"defaults": {}, "ef 1024": {"ef": 1024}}


class Milvus:
    """AUTOINDEX, which here is FAISS's HNSW over float32; all prototypes go in one request."""

    name = "milvus-lite"
    distributions = ("milvus-lite", "pymilvus")
    settings: Mapping[str, str] = {"defaults": "AUTOINDEX (HNSW) by its defaults, ef 64", "ef 1024": "ef 1024"}

    def build(self, folder: Path, photos: Photos) -> None:
        """See `Peer.build`."""
        client = _connect(folder)
        client.create_collection(COLLECTION, schema=_schema(client, photos.source.dim))
        for start, vectors in photos.source.iter_blocks(BATCH_ROWS):
            stop = start + len(vectors)
            values = zip(*(photos.columns[name][start:stop].tolist() for name in COLUMNS), strict=True)
            rows = zip(range(start, stop), vectors, values, strict=True)
            entities = [{"row": r, "vector": v, **dict(zip(COLUMNS, of, strict=True))} for r, v, of in rows]
            client.insert(COLLECTION, entities)
        client.flush(COLLECTION)
        _index(client)
        client.close()

    def open(self, folder: Path) -> None:
        """See `Peer.open`: everything is read into memory."""
        self._client = _connect(folder)
        self._client.load_collection(COLLECTION)

    def search(self, queries: FloatArray, k: int, where: Where, setting: str) -> Found:
        """See `Peer.search`."""
        answers = self._client.search(
            COLLECTION,
            data=list(queries),
            filter=as_sql(where),
            limit=k,
            output_fields=["row"],  # or else it sends the vectors, too
            search_params={"metric_type": "IP", "params": SETTINGS[setting]},
        )
        hits = [hit for answer in answers for hit in answer]
        rows = np.array([hit["row"] for hit in hits], dtype=np.int64)
        return best_of(rows, np.array([hit["distance"] for hit in hits], dtype=np.float32), k)


def _connect(folder: Path) -> Any:
    from pymilvus import MilvusClient

    return MilvusClient(str(folder / "photos.db"))


def _index(client: Any) -> None:
    from pymilvus import MilvusException

    indexes = client.prepare_index_params()
    indexes.add_index("vector", index_type="AUTOINDEX", metric_type="IP")
    try:
        client.create_index(COLLECTION, indexes)
    except MilvusException:
        # After some minutes without an answer the server ends the connection for "too many pings". The client calls
        # again, waits until the first call is done, and is told that the index exists.
        description = client.describe_index(COLLECTION, "vector")
        if not description or description["state"] != "Finished" or description["pending_index_rows"]:
            raise


def _schema(client: Any, dim: int) -> Any:
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    schema.add_field("observed_day", DataType.INT32)
    schema.add_field("latitude", DataType.DOUBLE)
    schema.add_field("longitude", DataType.DOUBLE)
    return schema
