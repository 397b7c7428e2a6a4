"""Every file of a generation re-hashed: flipped bytes would open and answer silently otherwise.

What the manifest refers to outside its folder, the embedding segments, is looked at as well. Nothing stops at the first
finding: whoever has to put it right needs to know all of it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reverse_search.domain.files import sha256_of
from reverse_search.errors import CorruptFile, DataError
from reverse_search.generation.manifest import MANIFEST_NAME, Manifest, read_page
from reverse_search.generation.opened import Generation, open_folder
from reverse_search.generation.publish import GenerationStore
from reverse_search.vectors.segments import referenced_files

NORM_TOLERANCE = 5e-3
"""Rounding to half precision moves a norm by less."""
LIKENESS_TOLERANCE = 1e-3
ASKED = 5
BLOCK = 16_384
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Expected:
    """One file, and what was written to it.

    Attributes:
        path: where it lies.
        sha256: of its content.
    """

    path: Path
    sha256: str

    def problem(self) -> str | None:
        """What is wrong with it; None where it is as it was written."""
        try:
            return None if sha256_of(self.path) == self.sha256 else "has changed since it was written"
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"can't be read ({error.strerror})"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one look.

    Attributes:
        path: the file; the generation's folder for what isn't about a single file.
        problem: what is wrong, None where all is well.
    """

    path: Path
    problem: str | None


def expected_files(home: Path, folder: Path, manifest: Manifest) -> list[Expected]:
    """All files that a manifest names: its own folder's, then those of the segments that it refers to."""
    own = [Expected(folder / name, entry.sha256) for name, entry in manifest.files.items()]
    referenced = referenced_files(home / "segments", manifest.backbone, manifest.segments)
    return own + [Expected(path, sha256) for path, sha256 in referenced]


def verify(home: Path, folder: Path, progress: Progress) -> Iterator[Finding]:
    """Look at every file, then at what they hold together.

    Args:
        home: the data directory.
        folder: the generation's.
        progress: told how many bytes of how many have been looked at.

    Yields:
        A finding for the manifest and for each file that it names; where all are as they were written, another for
        what they hold together.
    """
    try:
        manifest = read_page(folder)
    except CorruptFile as error:
        yield Finding(folder / MANIFEST_NAME, str(error).removeprefix(f"{folder / MANIFEST_NAME} "))
        return
    yield Finding(folder / MANIFEST_NAME, None)
    files = expected_files(home, folder, manifest)
    sizes = [file.path.stat().st_size if file.path.is_file() else 0 for file in files]
    done, whole = 0, True
    for file, size in zip(files, sizes, strict=True):
        problem = file.problem()
        yield Finding(file.path, problem)
        whole, done = whole and problem is None, done + size
        progress(done, sum(sizes))
    if whole:
        yield Finding(folder, _problem_of_contents(home, folder))


def require_whole(store: GenerationStore, name: str, findings: Sequence[Finding]) -> None:
    """Say what to do where anything is wrong. Raises CorruptFile."""
    wrong = [finding.path for finding in findings if finding.problem is not None]
    if not wrong:
        return
    advice = store.way_back(name)
    if not all(path.is_relative_to(store.folder(name)) for path in wrong):
        advice += "; delete the folder of a broken segment, and `reverse-search nightly` embeds its photos anew"
    raise CorruptFile(f"{name} is broken: {len(wrong)} of {len(findings)} looked at; {advice}")


def _problem_of_contents(home: Path, folder: Path) -> str | None:
    """Counts, norms, and whether vectors of the collection find themselves."""
    try:
        generation = open_folder(home, folder, folder.name)
    except DataError as error:
        return f"can't be opened: {error}"
    return _wrong_counts(generation) or _wrong_norms(generation) or _wrong_answers(generation)


def _wrong_counts(generation: Generation) -> str | None:
    found = {"observations": len(generation.observations), "vectors": generation.vectors.segments.count}
    for name, n in found.items():
        if generation.manifest.counts.get(name) != n:
            return f"has {n:,} {name}, its manifest says {generation.manifest.counts.get(name)}"
    return None


def _wrong_norms(generation: Generation) -> str | None:
    for first, vectors in generation.vectors.segments.iter_blocks(BLOCK):
        off = np.abs(np.linalg.norm(vectors, axis=1) - 1)
        # Written this way round, NaN and infinity count too.
        wrong = np.flatnonzero(~(off <= NORM_TOLERANCE))
        if len(wrong):
            return f"vector {first + int(wrong[0])} is not of unit norm"
    return None


def _wrong_answers(generation: Generation) -> str | None:
    """A vector's nearest one is itself, or its equal."""
    vectors, count = generation.vectors, generation.vectors.segments.count
    everything = np.ones(count, dtype=np.bool_)
    for row in np.unique(np.linspace(0, count - 1, ASKED, dtype=np.int64)) if count else ():
        query = vectors.gather(np.array([row]))
        nearest, plan = vectors.nearest(query, 1, everything)
        likeness = float((vectors.gather(nearest) @ query[0]).max(initial=-1))
        if likeness < float(query[0] @ query[0]) - LIKENESS_TOLERANCE:
            return f"vector {row} doesn't find itself (by {plan['path']}): the nearest has a cosine of {likeness:.3f}"
    return None
