"""The site's own workers while generations are published: every answer is that of exactly one generation."""

import json
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from indexer.bench.swap_reader import make_questions
from indexer.bench.swaps import Publisher
from indexer.bench.synthetic import Recipe, prepare
from reverse_search.search.query import TaxonQuery
from reverse_search.store.migrate import migrate
from reverse_search.store.session import default_url, open_database
from web.app import create_app
from web.site import Site

PHOTOS, SWAPS, READERS, THREADS = 3000, 4, 2, 2
Answers = Counter[tuple[str, str, str]]
"""(generation, address, everything else of the answer) → how often."""


def addresses() -> list[str]:
    return [_address(question) for question in make_questions(PHOTOS)]


def _address(question: TaxonQuery) -> str:
    days = {"d1": question.filters.observed_from, "d2": question.filters.observed_to}
    asked = {"per_page": 10, "kind": question.kind and question.kind.value, **days}
    parameters = "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)
    return f"/api/v1/taxa/{question.taxon_id}/candidates?{parameters}"


def read_site(home: Path, numbers: range, n_threads: int, tell: Callable[[Any], object]) -> None:
    """A process: a site of its own, asked by several threads."""
    app, asked, answers, errors = create_app(Site(home, default_url(home))), addresses(), Answers(), list[str]()
    row, lock = iter(numbers), threading.Lock()

    def work() -> None:
        client = app.test_client()
        while True:
            with lock:
                number = next(row, None)
            if number is None:
                return
            address = asked[number % len(asked)]
            answer = client.get(address)
            with lock:
                if answer.status_code == 200:
                    page = answer.get_json()
                    answers[page.pop("generation"), address, json.dumps(page, sort_keys=True)] += 1
                else:
                    errors.append(f"{answer.status_code} {answer.text[:300]}")
                if number % 20 == 0:
                    tell(20)

    threads = [threading.Thread(target=work) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.extensions["database"].close()
    tell((answers, errors))


class Running:
    """Processes that read a site."""

    def __init__(self, home: Path, parts: list[range], n_threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._said: Any = context.Queue()
        self._processes = [
            context.Process(target=read_site, args=(home, part, n_threads, self._said.put)) for part in parts
        ]
        for process in self._processes:
            process.start()
        self.done = 0
        self.answers, self.errors = Answers(), list[str]()
        self._finished = 0

    def until(self, done: int | None) -> None:
        """Wait until so many have been asked, or all processes are at their end."""
        while self._finished < len(self._processes) and (done is None or self.done < done):
            said = self._said.get(timeout=300)
            if isinstance(said, int):
                self.done += said
            else:
                self.answers += said[0]
                self.errors += said[1]
                self._finished += 1

    def finish(self) -> None:
        self.until(None)
        for process in self._processes:
            process.join()


def alone(home: Path) -> dict[str, str]:
    """What the only generation of a home answers at each address when asked by nobody else."""
    running = Running(home, [range(len(addresses()))], 1)
    running.finish()
    assert not running.errors
    return {address: text for _, address, text in running.answers}


@pytest.fixture
def editions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # as `serve` does
        monkeypatch.setitem(os.environ, name, "1")
    homes = [tmp_path / f"edition-{number}" for number in range(SWAPS + 1)]
    for seed, home in enumerate(homes):
        prepare(home, Recipe(PHOTOS, 16, seed=seed), lambda text: None)
        migrate(default_url(home))
    return homes


@pytest.mark.slow
def test_every_answer_is_that_of_one_generation(editions: list[Path], tmp_path: Path) -> None:
    queries = 600
    expected = [alone(edition) for edition in editions]
    home = tmp_path / "home"
    home.mkdir()
    migrate(default_url(home))
    with open_database(default_url(home)) as database:
        publisher = Publisher(home, database)
        names = [publisher.publish(editions[0])]
        half = len(addresses()) // 2
        running = Running(home, [range(half * n, half * n + queries) for n in range(READERS)], THREADS)
        for swap, edition in enumerate(editions[1:], start=1):
            running.until(swap * READERS * queries // (SWAPS + 1))
            publisher.import_something()
            names.append(publisher.publish(edition))
        running.finish()
    assert not running.errors
    assert running.answers.total() == READERS * queries
    assert {name for name, _, _ in running.answers} == set(names)
    assert publisher.pruned == SWAPS
    mixed = [key for key in running.answers if expected[names.index(key[0])][key[1]] != key[2]]
    assert not mixed, f"{len(mixed)}: {mixed[0]}"
    for address in addresses():
        assert len({pages[address] for pages in expected}) == len(expected), "it could not be told which one answered"


def test_the_addresses_ask_what_the_questions_do() -> None:
    asked = make_questions(PHOTOS)
    days = asked[0].filters
    assert days.observed_from is not None
    assert days.observed_to is not None
    assert days.observed_to - days.observed_from >= timedelta(days=100)
    assert f"d1={days.observed_from.isoformat()}&d2={days.observed_to.isoformat()}" in addresses()[0]
    assert len(set(addresses())) > 0.9 * len(asked)
