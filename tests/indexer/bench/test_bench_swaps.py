"""Answers while generations are swapped; and that a mixed one would be noticed."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from indexer.bench.swap_reader import QUESTIONS, Following, Reader, answers_alone, make_questions
from indexer.bench.swaps import Settings, holds, judge, render
from indexer.bench.synthetic import Recipe, prepare
from reverse_search.generation.following import Follower, Seen
from reverse_search.generation.opened import Generation, open_current
from reverse_search.search.query import TaxonQuery

PHOTOS = 3000
PARTS = (
    "observations",
    "photos",
    "identifications",
    "exemplars",
    "presence",
    "models",
    "scores",
    "postings",
    "vectors",
)


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> list[Generation]:
    """Two generations of the same taxa, called "one" and "other"."""
    folder = tmp_path_factory.mktemp("editions")
    for seed, name in enumerate(("one", "other")):
        prepare(folder / name, Recipe(PHOTOS, 16, seed=seed), lambda text: None)
    return [replace(open_current(folder / name), name=name) for name in ("one", "other")]


@pytest.fixture(scope="module")
def questions() -> list[TaxonQuery]:
    return make_questions(PHOTOS)


@pytest.fixture(scope="module")
def alone(editions: list[Generation], questions: list[TaxonQuery]) -> dict[str, list[str]]:
    return {index.name: answers_alone(index, questions) for index in editions}


def read(following: Following, questions: Sequence[TaxonQuery], queries: int = QUESTIONS) -> dict[str, Any]:
    reader = Reader(following, questions, iter(range(queries)), lambda done: None)
    reader.run(threads=2)
    return reader.report()


class InTurn:
    """Each view in turn, as if what serves were swapped before every question."""

    def __init__(self, *indexes: Generation) -> None:
        self._seen = [Seen(index, index, 0) for index in indexes]
        self._turn = count()

    def now(self) -> Seen:
        return self._seen[next(self._turn) % len(self._seen)]


class InPlace:
    """What serves is swapped under whoever reads it: the planted bug."""

    def __init__(self, one: Generation, other: Generation) -> None:
        self._contents = [dict(vars(index)) for index in (one, other)]
        self._seen = Seen(one, replace(one), 0)
        self._turn = count()

    def now(self) -> Seen:
        contents = self._contents[next(self._turn) // 10 % 2]
        for name, value in contents.items():
            object.__setattr__(self._seen.index, name, value)
            time.sleep(1e-4)
        return self._seen


def test_whole_answers_are_consistent(
    editions: list[Generation], questions: list[TaxonQuery], alone: dict[str, list[str]]
) -> None:
    figures = judge([read(InTurn(*editions), questions), read(InTurn(editions[0]), questions)], alone)
    assert (figures["queries"], figures["errors"], figures["inconsistent"]) == (2 * QUESTIONS, 0, 0)
    assert figures["blind_questions"] == 0, "each question is answered otherwise by each generation"
    assert figures["by_generation"] == {"one": QUESTIONS * 3 // 2, "other": QUESTIONS // 2}


@pytest.mark.parametrize("part", PARTS)
def test_one_part_of_another_generation_is_noticed(
    editions: list[Generation], questions: list[TaxonQuery], alone: dict[str, list[str]], part: str
) -> None:
    one, other = editions
    photos = replace(one.photos)  # what is prepared for a generation belongs to its photos, and was prepared for "one"
    mixed = replace(one, **{"photos": photos, part: getattr(other, part)})
    figures = judge([read(InTurn(mixed), questions)], alone)
    assert figures["inconsistent"] + figures["errors"] > 0


def test_a_swap_in_place_is_noticed(
    editions: list[Generation], questions: list[TaxonQuery], alone: dict[str, list[str]]
) -> None:
    figures = judge([read(InPlace(*editions), questions, 3 * QUESTIONS)], alone)
    assert figures["inconsistent"] + figures["errors"] > 0


def test_the_name_of_another_generation_is_noticed(
    editions: list[Generation], questions: list[TaxonQuery], alone: dict[str, list[str]]
) -> None:
    for name in ("other", "neither"):
        figures = judge([read(InTurn(replace(editions[0], name=name)), questions)], alone)
        assert figures["inconsistent"] == QUESTIONS


class Failing:
    """Fails now and then."""

    def __init__(self, index: Generation) -> None:
        self._seen, self._turn = Seen(index, index, 0), count()

    def now(self) -> Seen:
        if next(self._turn) % 10 == 3:
            raise FileNotFoundError("pruned")
        return self._seen


def test_what_fails_is_counted_and_the_rest_goes_on(
    editions: list[Generation], questions: list[TaxonQuery], alone: dict[str, list[str]]
) -> None:
    figures = judge([read(Failing(editions[0]), questions)], alone)
    assert (figures["queries"], figures["errors"]) == (QUESTIONS, QUESTIONS // 10)
    assert figures["error"] == "FileNotFoundError: pruned"


@pytest.mark.parametrize(
    "changed",
    [{}, {"errors": 1}, {"inconsistent": 1}, {"blind_questions": 1}, {"queries": 199}, {"swaps": 2}],
    ids=lambda changed: ", ".join(changed) or "nothing",
)
def test_when_it_holds(changed: dict[str, int]) -> None:
    asked = {"queries": 200, "swaps": 3, "photos": 1000, "dim": 8, "readers": 2, "threads": 2}
    figures = judge([], {}) | {"queries": 200, "swaps": 3, "pruned": 3, "seconds": 1.0, "asked": asked}
    assert holds(figures | changed) == (not changed)
    assert "3 of 3 swaps" in render(figures, "table")


def test_two_generations_that_agree_are_said_to_be_blind() -> None:
    alone = {"one": ["a", "b", "c"], "other": ["a", "x", "c"]}
    report = {"answers": [["one", 0, "a", 2], ["other", 1, "x", 1]], "errors": [], "times_ms": [1.0, 2.0, 3.0]}
    figures = judge([report], alone)
    assert (figures["inconsistent"], figures["blind_questions"]) == (0, 2)
    assert (figures["median_ms"], figures["worst_ms"]) == (2.0, 3.0)


def bench(*arguments: str) -> Iterator[str]:
    command = [sys.executable, "-m", "indexer", "bench", "swaps", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    yield done.stdout
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.slow
def test_processes_that_read_while_generations_are_published() -> None:
    small = ("--photos", "3000", "--dim", "16", "--queries", "1200", "--swaps", "3")
    for text in bench(*small, "--format", "json"):
        figures = json.loads(text)
    assert (figures["queries"], figures["swaps"], figures["pruned"]) == (1200, 3, 3)
    assert (figures["errors"], figures["inconsistent"], figures["blind_questions"]) == (0, 0, 0)
    assert len(figures["by_generation"]) == 4
    assert Counter(figures["by_generation"]).total() == 1200
    assert 0 < figures["median_ms"] <= figures["p95_ms"] <= figures["worst_ms"]
    assert figures["asked"] == {"photos": 3000, "dim": 16, **vars_of(Settings(1200, 3))}


def vars_of(settings: Settings) -> dict[str, int]:
    return {name: getattr(settings, name) for name in ("queries", "swaps", "readers", "threads")}


def test_a_follower_is_what_a_reader_follows(tmp_path: Path) -> None:
    class Never:
        def seq(self) -> int:
            return 0

        def since(self, watermark_seq: int) -> tuple[int, None]:
            return 0, None

    report = read(Follower(tmp_path, Never()), make_questions(PHOTOS), 5)
    assert len(report["errors"]) == 5
    assert all(error.startswith("NoGeneration") for error in report["errors"])
