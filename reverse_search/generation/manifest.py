"""What a generation consists of, so that a reader can tell a whole one from a broken one."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reverse_search.domain.backbone import BackboneId
from reverse_search.domain.files import sha256_of
from reverse_search.errors import CorruptFile

SCHEMA = 2
MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a generation: its SHA-256 and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, eq=False)
class Manifest:
    """The page that describes a generation.

    Attributes:
        built_from: digest of everything that the build read; two builds of the same inputs share it.
        watermark: greatest change_seq of the database that the build saw.
        backbone: whose vectors it holds.
        segments: references to embedding segments, in order.
        counts: observations, photos and so on, for people and for checks.
        files: path within the generation to its digest and size.
        schema: version of the layout.
        costs: constants of `vectors.costs.Costs`, as measured where it was built; empty for typical ones. No part of
            the contents: they are never the same twice.
    """

    built_from: str
    watermark: int
    backbone: BackboneId
    segments: list[dict[str, Any]]
    counts: dict[str, int]
    files: dict[str, FileEntry]
    schema: int = SCHEMA
    costs: dict[str, float] = field(default_factory=dict)

    @property
    def contents_digest(self) -> str:
        """Digest of all contents, the same for two builds that wrote the same bytes."""
        lines = [f"{name} {entry.sha256}" for name, entry in sorted(self.files.items())]
        segments = [json.dumps(segment, sort_keys=True) for segment in self.segments]
        return hashlib.sha256("\n".join([self.backbone.digest, *segments, *lines]).encode()).hexdigest()

    def to_json(self) -> str:
        """The manifest as it is written."""
        page = dataclasses.asdict(self) | {"contents": self.contents_digest}
        return json.dumps(page, indent=1, sort_keys=True)


def describe_files(folder: Path) -> dict[str, FileEntry]:
    """Digest and size of every file below `folder`, but the manifest itself."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST_NAME)
    return {p.relative_to(folder).as_posix(): FileEntry(sha256_of(p), p.stat().st_size) for p in paths}


def read_manifest(folder: Path) -> Manifest:
    """Read and check a manifest and the sizes of all files it names.

    Raises:
        CorruptFile: the page is unreadable, of another schema, or doesn't match its digest, or a file is missing or
            has another size.
    """
    path = folder / MANIFEST_NAME
    try:
        page = json.loads(path.read_text(encoding="utf-8"))
        contents = page.pop("contents")
        page["backbone"] = BackboneId(**page["backbone"])
        page["files"] = {name: FileEntry(**entry) for name, entry in page["files"].items()}
        manifest = Manifest(**page)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFile(f"{path} can't be read ({error}); roll back to another generation, or build anew") from error
    if manifest.schema != SCHEMA:
        raise CorruptFile(f"{path} has layout {manifest.schema}, this program reads {SCHEMA}; build anew")
    if manifest.contents_digest != contents:
        raise CorruptFile(f"{path} doesn't match its own digest; roll back to another generation, or build anew")
    _check_sizes(folder, manifest)
    return manifest


def _check_sizes(folder: Path, manifest: Manifest) -> None:
    for name, entry in manifest.files.items():
        path = folder / name
        size = path.stat().st_size if path.is_file() else None
        if size != entry.size:
            found = "is missing" if size is None else f"has {size} bytes instead of {entry.size}"
            raise CorruptFile(f"{path} {found}; roll back to another generation, or build anew")


def verify_digests(folder: Path, manifest: Manifest) -> None:
    """Re-hash every file: flipped bytes would open and answer silently otherwise. Raises CorruptFile."""
    for name, entry in manifest.files.items():
        if sha256_of(folder / name) != entry.sha256:
            raise CorruptFile(f"{folder / name} has changed since it was built; roll back, or build anew")
