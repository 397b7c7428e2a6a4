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

SCHEMA = 3
MANIFEST_NAME = "manifest.json"
_WHAT_TO_DO = "roll back to another generation, or build anew"


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
        """The manifest as it is written, with a digest of the page itself: not all it says is part of the contents."""
        page = dataclasses.asdict(self) | {"contents": self.contents_digest}
        digest = hashlib.sha256(_written(page).encode()).hexdigest()
        return _written(page | {"page": digest})


def _written(page: dict[str, Any]) -> str:
    return json.dumps(page, indent=1, sort_keys=True)


def describe_files(folder: Path) -> dict[str, FileEntry]:
    """Digest and size of every file below `folder`, but the manifest itself."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST_NAME)
    return {p.relative_to(folder).as_posix(): FileEntry(sha256_of(p), p.stat().st_size) for p in paths}


def read_manifest(folder: Path) -> Manifest:
    """Read and check a manifest and the sizes of all files it names.

    Raises:
        CorruptFile: see `read_page` and `check_sizes`.
    """
    manifest = read_page(folder)
    check_sizes(folder, manifest)
    return manifest


def read_page(folder: Path) -> Manifest:
    """Read and check a manifest, without a look at the files.

    Raises:
        CorruptFile: the page is missing, unreadable, of another schema, or not byte for byte what was written.
    """
    path = folder / MANIFEST_NAME
    try:
        text = path.read_text(encoding="utf-8")
        page = json.loads(text)
        if page["schema"] != SCHEMA:
            raise CorruptFile(f"{path} has layout {page['schema']}, this program reads {SCHEMA}; build anew")
        del page["contents"], page["page"]
        page["backbone"] = BackboneId(**page["backbone"])
        page["files"] = {name: FileEntry(**entry) for name, entry in page["files"].items()}
        manifest = Manifest(**page)
        # Written anew from what was read: the digests are worked out again, and not a blank may differ.
        whole = manifest.to_json() == text
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFile(f"{path} can't be read ({error}); {_WHAT_TO_DO}") from error
    if not whole:
        raise CorruptFile(f"{path} doesn't match its own digest; {_WHAT_TO_DO}")
    return manifest


def check_sizes(folder: Path, manifest: Manifest) -> None:
    """Look for every file and at its size. Raises CorruptFile for the first that is missing, truncated or too long."""
    for name, entry in manifest.files.items():
        path = folder / name
        size = path.stat().st_size if path.is_file() else None
        if size != entry.size:
            found = "is missing" if size is None else f"has {size} bytes instead of {entry.size}"
            raise CorruptFile(f"{path} {found}; {_WHAT_TO_DO}")
