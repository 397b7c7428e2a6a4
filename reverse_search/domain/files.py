"""Files that are there whole or not at all, and arrays mapped from them."""

import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from reverse_search.domain.arrays import AnyArray
from reverse_search.errors import CorruptFile

Writer = Callable[[BinaryIO], object]
"""Writes a file's content to an open binary stream."""

_SERIAL = itertools.count()


def write_atomic(path: Path, content: bytes | Writer) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new and nothing between.

    The bytes go to a temporary name in the same directory and reach the disk before they get the final name.

    Args:
        path: where to; its directory must exist.
        content: the bytes, or what writes them to a stream.

    Raises:
        OSError: the disk is full or the directory can't be written; the old content is still there.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.{next(_SERIAL)}.tmp")
    try:
        with aside.open("wb") as stream:
            if callable(content):
                content(stream)
            else:
                stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Delete what killed `write_atomic` calls left aside anywhere below `folder`, where nobody may be writing."""
    for path in folder.rglob(".*.tmp"):
        path.unlink()


def sync_directory(path: Path) -> None:
    """Make the names in one directory durable."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def sync_tree(path: Path) -> None:
    """Make every file and directory below `path`, and `path` itself, durable."""
    for folder, _, names in os.walk(path, topdown=False):
        for name in names:
            _sync(Path(folder, name), os.O_RDONLY)
        sync_directory(Path(folder))


def replace_dir(built: Path, final: Path) -> None:
    """Give a finished directory its final name: all of it becomes visible at once, and durable.

    Args:
        built: the directory as built aside, on the same file system.
        final: the name it gets; nothing but an empty directory may have it yet.

    Raises:
        FileExistsError: `final` already has content, which stays.
    """
    if final.is_dir() and any(final.iterdir()):
        raise FileExistsError(f"{final} already exists")
    sync_tree(built)
    built.replace(final)
    sync_directory(final.parent)
    if built.parent != final.parent:
        sync_directory(built.parent)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_array(path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> AnyArray:
    """Map an array from a file, read-only. `.npy` files have a header; all others are the raw elements in C order.

    Args:
        path: the file.
        dtype: what it must hold.
        shape: the shape it must have.

    Returns:
        A read-only array of `shape` and `dtype` that reads pages of the file as they are touched.

    Raises:
        CorruptFile: the file is missing, truncated, too long, or holds another dtype or shape.
    """
    try:
        if path.suffix == ".npy":
            return _load_npy(path, np.dtype(dtype), shape)
        return _load_raw(path, np.dtype(dtype), shape)
    except (OSError, ValueError, EOFError) as error:
        raise CorruptFile(f"{path} can't be read ({error}); rebuild it, or restore it from a copy") from error


def _load_npy(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> AnyArray:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(f"it holds {array.dtype} {array.shape}, not {dtype} {shape}")
    header = path.stat().st_size - array.nbytes
    if array.size and header != getattr(array, "offset", header):
        raise ValueError(f"it has {header - array.offset} bytes too many")
    return np.asarray(array)


def _load_raw(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> AnyArray:
    wanted = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    found = path.stat().st_size
    if found != wanted:
        raise ValueError(f"it has {found} bytes instead of {wanted}")
    if not wanted:  # an empty file can't be mapped
        array = np.zeros(shape, dtype=dtype)
        array.setflags(write=False)
        return array
    return np.asarray(np.memmap(path, dtype=dtype, mode="r", shape=shape))


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
