"""The whole comparison: each library builds and answers in processes of its own, and is judged here."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexer.bench.peers.base import Peer, Photos, in_play
from indexer.bench.peers.questions import Questions, Truth, make_questions, photos_of
from indexer.bench.peers.registry import HOW_TO_INSTALL, PEERS, installed
from indexer.bench.search import ONE_THREAD
from indexer.bench.synthetic import Recipe, Say, prepare
from reverse_search.domain.arrays import BoolArray, IntArray
from reverse_search.generation.opened import open_current

STEP_LIMIT_S = 5400
"""For building, and for answering; a library that hangs must not take the others' figures with it."""
Times = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What is measured.

    Attributes:
        queries: taxa that are asked for, each within every filter.
        k: photos wanted.
        seed: chooses the taxa.
        peers: names of the libraries; all by default.
    """

    queries: int = 10
    k: int = 100
    seed: int = 1
    peers: tuple[str, ...] = tuple(PEERS)


class _Failed(Exception):
    """A library's process ended without an answer."""


def run(home: Path, recipe: Recipe, settings: Settings, say: Say) -> dict[str, Any]:
    """Make the collection and the libraries' copies of it, unless they are there, and measure.

    Args:
        home: a folder for all of it.
        recipe: the collection.
        settings: what is asked of whom.
        say: told about progress.

    Raises:
        OSError: the disk is full, or the folder holds something else.
    """
    collection = home / "collection"
    prepare(collection, recipe, say)
    index = open_current(collection)
    photos = photos_of(index)
    say("what exact search answers …")
    questions = make_questions(index, settings.queries, settings.k, settings.seed)
    judge = _Judge(questions, photos)
    peers = [_measure(PEERS[name], home / "peers" / name, judge, collection, say) for name in settings.peers]
    made = {"photos": recipe.photos, "dim": recipe.dim, "vectors": recipe.vectors.value, "seed": recipe.seed}
    return {"collection": made, "taxa": len(questions.prototypes), "k": settings.k, "threads": 1, "peers": peers}


class _Judge:
    """Compares answers with those of exact search."""

    def __init__(self, questions: Questions, photos: Photos) -> None:
        self.questions = questions
        self._truth = Truth.of(questions, photos)
        self._masks = [in_play(question.where, photos.columns) for question in questions.asked]

    def rows(self, answers: IntArray, times: Sequence[Times]) -> list[dict[str, Any]]:
        """A row of figures for each filter.

        Args:
            answers: (n_questions, k) int64 photos, -1 where there was none.
            times: of each question, see `process.ask`.
        """
        groups: dict[tuple[float, str], list[int]] = {}
        for number, question in enumerate(self.questions.asked):
            groups.setdefault((question.selectivity, question.filter), []).append(number)
        return [
            {"selectivity": selectivity, "filter": kind, **self._row(numbers, answers, times)}
            for (selectivity, kind), numbers in groups.items()
        ]

    def _row(self, numbers: Sequence[int], answers: IntArray, times: Sequence[Times]) -> dict[str, Any]:
        spent, worked = np.concatenate([np.asarray(times[n]) for n in numbers]).T
        marks = np.array([_marks(answers[n], self._truth.best[n], self._masks[n]) for n in numbers])
        return {
            "pool": int(np.median([self._truth.pools[n] for n in numbers])),
            "median_ms": round(float(np.median(spent)), 2),
            "p95_ms": round(float(np.percentile(spent, 95)), 2),
            "cpu_ms": round(float(np.median(worked)), 2),
            "recall": round(float(marks[:, 0].mean()), 4),
            "fill": round(float(marks[:, 1].mean()), 4),
            "least_fill": round(float(marks[:, 1].min()), 4),
            "outside": int(marks[:, 2].sum()),
        }


def _marks(answer: IntArray, best: IntArray, mask: BoolArray) -> tuple[float, float, int]:
    """Recall, fill, and how many answers lie outside of the filter."""
    given = np.unique(answer[answer >= 0])
    right = given[mask[given]]
    if not len(best):
        return 1.0, 1.0, len(given) - len(right)
    return float(np.isin(best, right).mean()), len(right) / len(best), len(given) - len(right)


def _measure(peer: Peer, folder: Path, judge: _Judge, collection: Path, say: Say) -> dict[str, Any]:
    """Figures of one library, or why there are none."""
    version = installed(peer)
    about: dict[str, Any] = {"name": peer.name, "version": version, "settings": []}
    if version is None:
        return about | {"note": HOW_TO_INSTALL}
    try:
        built = _built(peer, folder, version, collection, say)
        say(f"{peer.name} answers …")
        asked = _ask(peer, folder, judge.questions)
    except _Failed as failure:
        return about | {"note": f"failed: {failure}"}
    settings = [
        {"name": setting, "what": what, "rows": judge.rows(answers, asked["times_ms"][setting])}
        for (setting, what), answers in zip(peer.settings.items(), asked["answers"], strict=True)
    ]
    memory = {name: asked[name] for name in ("resident_bytes", "anonymous_bytes")}
    return about | built | memory | {"settings": settings, "note": None}


def _built(peer: Peer, folder: Path, version: str, collection: Path, say: Say) -> dict[str, Any]:
    """Seconds and bytes of what a library has made of the collection; made anew unless it is there."""
    note = folder / "built.json"
    recipe = (collection / "collection.json").read_text(encoding="utf-8")
    if note.is_file():
        page = json.loads(note.read_text(encoding="utf-8"))
        if (page["recipe"], page["version"]) == (recipe, version):
            return dict(page["figures"])
    say(f"{peer.name} builds …")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    _start("build", peer, folder, collection)
    figures: dict[str, Any] = json.loads((folder / "build.json").read_text(encoding="utf-8"))
    size = sum(path.stat().st_size for path in (folder / "data").rglob("*") if path.is_file())
    figures["disk_bytes"] = size
    note.write_text(json.dumps({"recipe": recipe, "version": version, "figures": figures}), encoding="utf-8")
    return figures


def _ask(peer: Peer, folder: Path, questions: Questions) -> dict[str, Any]:
    given = folder / "questions"
    given.mkdir(exist_ok=True)
    questions.save(given)
    _start("ask", peer, folder, given)
    answers: list[IntArray] = []
    for number in range(len(peer.settings)):
        with np.load(folder / f"{number}.npz") as arrays:
            answers.append(arrays["rows"])
    figures: dict[str, Any] = json.loads((folder / "ask.json").read_text(encoding="utf-8"))
    return figures | {"answers": answers}


def _start(what: str, peer: Peer, folder: Path, given: Path) -> None:
    """One step of one library; its output is kept in `WHAT.log`. Raises _Failed with the last line of it."""
    command = [sys.executable, "-m", "indexer.bench.peers.process", what, peer.name]
    command += [str(folder / "data"), str(given), str(folder)]
    log = folder / f"{what}.log"
    with log.open("wb") as stream:
        try:
            subprocess.run(  # noqa: S603  ourselves
                command, env=os.environ | ONE_THREAD, stdout=stream, stderr=stream, check=True, timeout=STEP_LIMIT_S
            )
        except subprocess.TimeoutExpired as error:
            raise _Failed(f"{what} took longer than {STEP_LIMIT_S} s") from error
        except subprocess.CalledProcessError as error:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise _Failed(f"{what} ended with {error.returncode}: {lines[-1] if lines else 'no word'}") from error
