"""A small generation that has every kind of file, written by what the nightly job writes with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from indexer.bench.synthetic import Recipe, prepare
from reverse_search.generation.manifest import MANIFEST_NAME, describe_files, read_page
from reverse_search.generation.publish import GenerationStore
from reverse_search.vectors.building import build_index
from reverse_search.vectors.segments import SegmentSet
from reverse_search.vectors.stored import IndexKind


def make_whole(home: Path, seed: int = 1) -> str:
    """Publish it below `home`, with an index though it is small. Returns its name."""
    prepare(home, Recipe(photos=2000, dim=16, seed=seed), lambda text: None)
    name = GenerationStore(home).current()
    folder = folder_of(home, name)
    build_index(SegmentSet.open(home / "segments", read_page(folder).backbone), folder, kind=IndexKind.IVF)
    edit_manifest(folder, files=describe_files(folder))
    return name


def folder_of(home: Path, name: str) -> Path:
    return home / "generations" / name


def edit_manifest(folder: Path, **changed: Any) -> None:
    """Write the manifest anew, so that it holds for itself."""
    manifest = replace(read_page(folder), **changed)
    (folder / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")


def files_of(home: Path, name: str) -> list[Path]:
    """All its files, and those of its segments."""
    folders = (folder_of(home, name), home / "segments")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


@contextmanager
def harmed(path: Path, harm: str, place: int = 0) -> Iterator[None]:
    """A file that is "truncated" by a byte or "longer", "emptied", "missing", or has a byte "flipped", for a while."""
    whole = path.read_bytes()
    path.unlink()  # never in place: an open generation has it mapped
    if harm == "flipped":
        place %= len(whole)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x01]) + whole[place + 1 :])
    elif harm != "missing":
        path.write_bytes({"truncated": whole[:-1], "longer": whole + b" ", "emptied": b""}[harm])
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(whole)
