"""Writes the demo: an Open Data folder of drawn photos, with the truth beside it.

The same size and seed give the same bytes, whatever the number of processes and however often it was interrupted.
"""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from indexer.backbones.process import end_with_parent
from indexer.demo.drawing.scene import Shot, take_photo
from indexer.demo.fauna import FAUNA
from indexer.demo.flora import FLORA
from indexer.demo.identifications import Crowd
from indexer.demo.sightings import State, plan_sightings
from indexer.demo.tables import numbered, write_tables
from indexer.demo.taxa import taxonomy
from reverse_search.domain.files import remove_leftovers, write_atomic
from reverse_search.errors import SourceError

DRAWING = 1
"""Version of what is drawn: raise it whenever equal seeds no longer give equal bytes."""
MARKER, UNFINISHED = "demo.json", "demo.unfinished.json"
FEW_PHOTOS = 40
"""Fewer are drawn sooner than processes start."""
MOST_WORKERS = 16
CHUNK = 8
"""Photos handed to a process at a time."""
NO_PICTURE = b"<html><title>404</title>This is no picture.</html>"
ABOUT = "Drawn by reverse-search's own code, for trying it out. No such organisms, people or records exist."

Progress = Callable[[int, int], None]
Key = dict[str, object]
"""What the drawings follow from. The marker holds it."""


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the folder holds. `drawn` is False where it was complete before."""

    observations: int
    photos: int
    taxa: int
    drawn: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A photo to draw, and where to. A broken one is cut short, or no picture at all."""

    path: Path
    shot: Shot
    broken: bool


def make_demo_collection(
    folder: Path, *, photos: int = 1500, seed: int = 1, progress: Progress, workers: int | None = None
) -> DemoReport:
    """Draw the demo into a folder, or go on where an earlier call was interrupted.

    Args:
        folder: made if need be; whatever it holds must be an earlier demo's.
        photos: how many.
        seed: of everything that is drawn by lot.
        progress: hears how many photos are done, of how many.
        workers: processes; by default as many as there are processors, 16 at most.

    Raises:
        BadRequest: too few photos to show every state.
        SourceError: the folder holds something else.
    """
    taxa, species = taxonomy((*FAUNA, *FLORA))
    sightings = plan_sightings(species, photos, seed)
    report = partial(DemoReport, observations=len(sightings), photos=photos, taxa=len(taxa))
    key: Key = {"about": ABOUT, "photos": photos, "seed": seed, "drawing": DRAWING}
    if _read(folder / MARKER) == key:
        progress(photos, photos)
        return report(drawn=False)
    _claim(folder, key)
    write_tables(folder, taxa, sightings, Crowd(taxa, species), seed)
    drawings = [
        Drawing(folder / "photos" / str(shot.number) / "medium.jpg", shot, sighting.state is State.BROKEN)
        for sighting, _, shot in numbered(sightings, seed)
    ]
    _draw_all(drawings, workers or min(os.cpu_count() or 1, MOST_WORKERS), progress)
    (folder / UNFINISHED).rename(folder / MARKER)
    return report(drawn=True)


def _claim(folder: Path, key: Key) -> None:
    """Make the folder ready for the drawings of this key, keeping those that are there already."""
    finished, unfinished = folder / MARKER, folder / UNFINISHED
    if folder.is_dir() and any(folder.iterdir()) and not _read(finished) and not _read(unfinished):
        raise SourceError(f"{folder} holds something else than a demo; name a folder that is empty or not there yet")
    if folder.exists() and not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; name one that is empty or not there yet")
    folder.mkdir(parents=True, exist_ok=True)
    if finished.exists():  # from now on it is no finished demo
        finished.rename(unfinished)
    if _read(unfinished) != key:
        shutil.rmtree(folder / "photos", ignore_errors=True)
        write_atomic(unfinished, json.dumps(key, indent=1).encode())
    remove_leftovers(folder)


def _read(marker: Path) -> Key | None:
    """What a marker says, None if it is none of ours."""
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("about") == ABOUT else None


def _draw_all(drawings: Sequence[Drawing], workers: int, progress: Progress) -> None:
    waiting = [drawing for drawing in drawings if not _is_drawn(drawing.path)]
    done = len(drawings) - len(waiting)
    progress(done, len(drawings))
    with _mapper(workers if len(waiting) >= FEW_PHOTOS else 1) as mapped:
        for more, _ in enumerate(mapped(_draw, waiting), start=1):
            progress(done + more, len(drawings))


Mapper = Callable[[Callable[[Drawing], None], Sequence[Drawing]], Iterator[None]]


@contextmanager
def _mapper(workers: int) -> Iterator[Mapper]:
    """`map`, in so many processes. What waits is dropped when the block ends."""
    if workers == 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=end_with_parent)
    try:
        yield partial(pool.map, chunksize=CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)


def _is_drawn(path: Path) -> bool:
    # After a power cut a file may have its name and no content.
    return path.is_file() and path.stat().st_size > 0


def _draw(drawing: Drawing) -> None:
    """Draw a photo to its place: it is there whole or not at all."""
    content = take_photo(drawing.shot)
    if drawing.broken:
        content = NO_PICTURE if drawing.shot.number % 2 else content[: len(content) // 3]
    drawing.path.parent.mkdir(parents=True, exist_ok=True)
    aside = drawing.path.with_name(f".{drawing.path.name}.{os.getpid()}.tmp")
    aside.write_bytes(content)
    aside.replace(drawing.path)
