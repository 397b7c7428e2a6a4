"""Plain FAISS that is asked for more than is wanted, and filtered afterwards: what is often built first."""

from collections.abc import Mapping
from pathlib import Path

from indexer.bench.peers.base import Found, Photos, Where, best_of, in_play
from indexer.bench.peers.ours import open_columns, save_columns
from reverse_search.domain.arrays import FloatArray
from reverse_search.vectors.faiss_index import FaissIvf
from reverse_search.vectors.index import NO_ROW

FACTORS = {"10 ×": (10, 32), "100 ×": (100, 256)}
"""How many times k each prototype asks for, and the cells that it visits."""


class OverFetch:
    """An IVF index of 8 bits a component, as ours, but without a selector and without comparing its finds again."""

    name = "faiss"
    distributions = ("faiss-cpu",)
    settings: Mapping[str, str] = {
        name: f"{factor} × k for each prototype, {cells} cells visited" for name, (factor, cells) in FACTORS.items()
    }

    def build(self, folder: Path, photos: Photos) -> None:
        """See `Peer.build`: index and columns."""
        FaissIvf.build(photos.source).save(folder / "index.faiss")
        save_columns(folder, photos.columns)

    def open(self, folder: Path) -> None:
        """See `Peer.open`: everything is mapped."""
        self._index = FaissIvf.open(folder / "index.faiss")
        self._columns = open_columns(folder)

    def search(self, queries: FloatArray, k: int, where: Where, setting: str) -> Found:
        """See `Peer.search`."""
        factor, cells = FACTORS[setting]
        hits = self._index.probe(queries, factor * k, None, cells)
        found = hits.rows != NO_ROW
        rows, similarities = hits.rows[found], hits.similarities[found]
        passing = in_play(where, {name: column[rows] for name, column in self._columns.items()})
        return best_of(rows[passing], similarities[passing], k)
