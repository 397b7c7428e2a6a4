"""Builds or asks one library, in a process of its own: on one core, and its memory is that of searching alone."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from indexer.bench.memory import resident
from indexer.bench.peers.base import Found, Peer
from indexer.bench.peers.questions import Questions, photos_of
from indexer.bench.peers.registry import PEERS
from reverse_search.generation.opened import open_current

REPEATS = 3
SLOW_S = 0.2
"""Questions that take longer are asked once."""
NONE = -1


def build(peer: Peer, folder: Path, home: Path) -> dict[str, Any]:
    """Build a library's index of the collection below `home`: seconds by the clock, and of the processor."""
    photos = photos_of(open_current(home))
    began, worked = perf_counter(), process_time()
    peer.build(folder, photos)
    return {"build_s": round(perf_counter() - began, 1), "build_cpu_s": round(process_time() - worked, 1)}


def ask(peer: Peer, folder: Path, questions: Questions, answers: Path) -> dict[str, Any]:
    """Ask everything in every setting.

    Args:
        peer: whom.
        folder: what it has built.
        questions: what.
        answers: a folder for `SETTING.npz`, by number of the setting: (n_questions, k) int64 `rows`, filled up with -1,
            and (n_questions, k) float32 `similarities`, filled up with nan.

    Returns:
        By setting, for each question what each time took: (n, 2) milliseconds by the clock, and of the processor (all
        threads); and bytes of memory at the end.
    """
    peer.open(folder)
    times = {}
    for number, setting in enumerate(peer.settings):
        first = questions.asked[0]
        peer.search(questions.prototypes[first.subject], questions.k, first.where, setting)  # reads what it reads once
        timed = [_ask_one(peer, questions, n, setting) for n in range(len(questions.asked))]
        times[setting] = [spent for spent, _ in timed]
        _save(answers / f"{number}.npz", [found for _, found in timed], questions.k)
    memory = resident()
    return {"times_ms": times, "resident_bytes": memory["VmRSS"], "anonymous_bytes": memory["RssAnon"]}


def _ask_one(peer: Peer, questions: Questions, number: int, setting: str) -> tuple[list[tuple[float, float]], Found]:
    question = questions.asked[number]
    prototypes = questions.prototypes[question.subject]
    times: list[tuple[float, float]] = []
    while len(times) < REPEATS and sum(wall for wall, _ in times) < 1000 * SLOW_S:
        began, worked = perf_counter(), process_time()
        found = peer.search(prototypes, questions.k, question.where, setting)
        times.append((1000 * (perf_counter() - began), 1000 * (process_time() - worked)))
    return times, found


def _save(path: Path, answers: Sequence[Found], k: int) -> None:
    rows = np.full((len(answers), k), NONE, dtype=np.int64)
    similarities = np.full((len(answers), k), np.nan, dtype=np.float32)
    for number, found in enumerate(answers):
        rows[number, : len(found.rows)] = found.rows
        similarities[number, : len(found.rows)] = found.similarities
    np.savez(path, rows=rows, similarities=similarities)


def use_one_core() -> None:
    """Keep this process to one core, where the system can: not every library reads the same settings for threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main(arguments: Sequence[str]) -> None:
    """What to do ("build" or "ask"), with whom, its folder, the collection or the questions, where results go."""
    what, name, folder, given, results = arguments[0], arguments[1], *map(Path, arguments[2:])
    use_one_core()
    peer = PEERS[name]
    figures = build(peer, folder, given) if what == "build" else ask(peer, folder, Questions.open(given), results)
    (results / f"{what}.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
