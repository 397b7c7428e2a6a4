"""The index of a collection on disk.

FOLDER/vectors.json     which kind of index, over how many rows
FOLDER/vectors.faiss    the index, unless the kind is "none"
"""

import json
from enum import StrEnum
from pathlib import Path

from reverse_search.domain.files import write_atomic
from reverse_search.errors import CorruptFile
from reverse_search.vectors.faiss_index import FaissFlat, FaissIvf
from reverse_search.vectors.index import VectorIndex

SCHEMA = 2
INDEX_FILE = "vectors.faiss"
DESCRIPTION_FILE = "vectors.json"
IVF_FROM_ROWS = 50_000


class IndexKind(StrEnum):
    """What to search beside exact search."""

    NONE = "none"
    FLAT = "flat"
    IVF = "ivf"


def choose_index(count: int, ivf_from_rows: int = IVF_FROM_ROWS) -> IndexKind:
    """No index below `ivf_from_rows` rows, where exact search is fast enough; cells from there on."""
    return IndexKind.IVF if count >= ivf_from_rows else IndexKind.NONE


def save_index(folder: Path, index: FaissFlat | FaissIvf | None, count: int, dim: int) -> None:
    """Write an index, or that there is none. Raises OSError."""
    if index is None:
        kind = IndexKind.NONE
    else:
        kind = IndexKind.IVF if isinstance(index, FaissIvf) else IndexKind.FLAT
        index.save(folder / INDEX_FILE)
    page = {"schema": SCHEMA, "kind": kind.value, "rows": count, "dim": dim}
    write_atomic(folder / DESCRIPTION_FILE, json.dumps(page, indent=1, sort_keys=True).encode())


def open_index(folder: Path, count: int, dim: int) -> VectorIndex | None:
    """Open what `save_index` wrote; no index where it wrote nothing.

    Args:
        folder: where.
        count: rows that the vectors have.
        dim: their length.

    Raises:
        CorruptFile: the description or the index is missing, unreadable, or over other rows.
        MissingDependency: there is an index, but FAISS is not installed.
    """
    path = folder / DESCRIPTION_FILE
    if not path.exists():
        return None
    try:
        page = json.loads(path.read_text(encoding="utf-8"))
        kind = IndexKind(page["kind"])
        described = (page["schema"], page["rows"], page["dim"])
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise CorruptFile(f"{path} can't be read ({error}); build anew") from error
    if described != (SCHEMA, count, dim):
        raise CorruptFile(
            f"{path} describes layout, rows, dimension {described}, not {(SCHEMA, count, dim)}; build anew"
        )
    if kind is IndexKind.NONE:
        return None
    opener: type[FaissFlat] | type[FaissIvf] = FaissIvf if kind is IndexKind.IVF else FaissFlat
    index = opener.open(folder / INDEX_FILE)
    if (index.count, index.dim) != (count, dim):
        raise CorruptFile(f"{folder / INDEX_FILE} is over {index.count} × {index.dim}, not {count} × {dim}; build anew")
    return index
