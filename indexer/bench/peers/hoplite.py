"""perch-hoplite: SQLite for attributes, a usearch graph (HNSW, half precision) for vectors.

Its search takes no filter. What it offers is `match_window_ids`, which gives the ids that pass.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from indexer.bench.peers.base import BLOCK_ROWS, COLUMNS, Found, Photos, Where, best_of
from reverse_search.domain.arrays import FloatArray

OVER_FETCH = 10
KINDS: Mapping[str, type] = {"observed_day": int, "latitude": float, "longitude": float}
OPERATIONS = {"<=": "lte", ">=": "gte"}


class Hoplite:
    """One recording with a window for each photo, whose ids count from 1; attributes are extra columns of windows."""

    name = "perch-hoplite"
    distributions = ("perch-hoplite", "usearch")
    settings: Mapping[str, str] = {
        "over-fetch": f"search for {OVER_FETCH} × k by each prototype, keep what match_window_ids names",
        "match first": "match_window_ids, then all their embeddings compared with the prototypes by its numpy_dot",
    }

    def build(self, folder: Path, photos: Photos) -> None:
        """See `Peer.build`."""
        from perch_hoplite.db import sqlite_usearch_impl as backend

        config = backend.get_default_usearch_config(photos.source.dim)
        database = backend.SQLiteUSearchDB.create(str(folder), usearch_cfg=config)
        for column, kind in KINDS.items():
            database.add_extra_table_column("windows", column, kind)
        deployment = database.insert_deployment(name="made", project="bench")
        recording = database.insert_recording(filename="photos", deployment_id=deployment)
        for start, vectors in photos.source.iter_blocks(BLOCK_ROWS):
            rows = range(start, start + len(vectors))
            values = zip(*(photos.columns[c][start : rows.stop].tolist() for c in COLUMNS), strict=True)
            windows = [
                {"recording_id": recording, "offsets": [float(row), row + 1.0], **dict(zip(COLUMNS, v, strict=True))}
                for row, v in zip(rows, values, strict=True)
            ]
            # "allow" spares it the search for duplicates, which compares all pairs of a batch.
            database.insert_windows_batch(windows, vectors, handle_duplicates="allow")
        database.commit()
        database.db.close()

    def open(self, folder: Path) -> None:
        """See `Peer.open`: the graph is mapped."""
        from perch_hoplite.db import sqlite_usearch_impl as backend

        self._database = backend.SQLiteUSearchDB.create(str(folder))

    def search(self, queries: FloatArray, k: int, where: Where, setting: str) -> Found:
        """See `Peer.search`."""
        matching = np.array(self._matching(where), dtype=np.int64)
        return (self._over_fetch if setting == "over-fetch" else self._compare)(queries, k, matching)

    def _matching(self, where: Where) -> Any:
        from ml_collections import config_dict

        asked: dict[str, dict[str, float]] = {}
        for condition in where:
            asked.setdefault(OPERATIONS[condition.comparison], {})[condition.column] = condition.value
        return self._database.match_window_ids(windows_filter=config_dict.create(**asked) if asked else None)

    def _over_fetch(self, queries: FloatArray, k: int, matching: Any) -> Found:
        found = [result for query in queries for result in self._database.search(query, OVER_FETCH * k)]
        ids = np.array([result.window_id for result in found], dtype=np.int64)
        passing = np.isin(ids, matching)
        similarities = np.array([result.sort_score for result in found], dtype=np.float32)
        return best_of(ids[passing] - 1, similarities[passing], k)

    def _compare(self, queries: FloatArray, k: int, matching: Any) -> Found:
        from perch_hoplite.db import score_functions

        if not len(matching):
            return best_of(matching, np.zeros(0, dtype=np.float32), k)
        # numpy multiplies half precision without BLAS, much slower.
        embeddings = self._database.get_embeddings_batch(matching).astype(np.float32)
        return best_of(matching - 1, np.max(score_functions.numpy_dot(embeddings, queries), axis=1), k)
