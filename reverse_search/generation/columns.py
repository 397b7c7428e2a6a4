"""A dataclass of arrays as a folder with one memory-mapped file a field."""

import dataclasses
from pathlib import Path
from tokenize import TokenError
from typing import Any, TypeVar

import numpy as np

from reverse_search.errors import CorruptFile

T = TypeVar("T")


def save_columns(folder: Path, columns: Any) -> None:
    """Write every field of a dataclass of arrays to `folder`/<field>.npy."""
    folder.mkdir(parents=True, exist_ok=True)
    for field in dataclasses.fields(columns):
        np.save(folder / f"{field.name}.npy", np.ascontiguousarray(getattr(columns, field.name)), allow_pickle=False)


def load_columns(folder: Path, cls: type[T]) -> T:
    """Map what `save_columns` wrote, read-only.

    Raises:
        CorruptFile: a field's file is missing, truncated or not an array.
    """
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]
    return cls(**{field.name: _map_column(folder / f"{field.name}.npy") for field in fields})


def _map_column(path: Path) -> Any:
    try:
        # An empty array can't be mapped.
        mapped = np.load(path, mmap_mode="r" if _has_rows(path) else None, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TokenError, MemoryError) as error:
        # The header is a Python literal, which numpy reads with Python's own parser.
        raise CorruptFile(f"{path} can't be read ({error}); roll back to another generation, or build anew") from error
    # A plain view of the mapping: each look at a single value of a `memmap` takes ten times as long.
    return np.asarray(mapped)


def _has_rows(path: Path) -> bool:
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, _ = read(file)
    return 0 not in shape
