"""A process that reads while generations are swapped: follows as the site does, asks, and counts who answered what.

It doesn't know what is right. It is a program of its own, whose libraries compute on one thread as in a worker of the
site.
"""

import hashlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from indexer.bench.catalogue import DAYS
from indexer.bench.questions import EPOCH
from indexer.bench.tree import make_tree, species_for
from reverse_search.domain.lacking import KINDS
from reverse_search.generation.following import Follower, Seen
from reverse_search.generation.opened import Generation, open_current
from reverse_search.search.answers import taxon_answer
from reverse_search.search.query import Filters, TaxonQuery
from reverse_search.search.taxon_search import TaxonPage, TaxonSearch
from reverse_search.store.change_log import DatabaseChanges
from reverse_search.store.session import default_url, open_database

QUESTIONS = 100
RANKS = ("species", "genus", "family", "order", "class")
FEW_DAYS = 0.003
PARTS_IN_PLAY = (*[FEW_DAYS] * 4, 0.01, *[FEW_DAYS] * 4, 0.03, *[FEW_DAYS] * 3, 1.0)
"""Of ALL_PHOTOS, by one question after the other, more of fewer; 1 is a search that may go through the index."""
ALL_PHOTOS = 100_000
PAGE = 10
TOLD_EVERY = 50


class Following(Protocol):
    """Where readers take their view from: a `Follower`."""

    def now(self) -> Seen:
        """What serves."""
        ...


def make_questions(photos: int) -> list[TaxonQuery]:
    """The same in every process, whatever serves: taxa of all ranks, within few days, some or all."""
    taxonomy = make_tree(species_for(photos)).taxonomy
    rng, ranks = np.random.default_rng(7), np.array(taxonomy.ranks)
    asked = []
    for number, rank, of_many in zip(range(QUESTIONS), cycle(RANKS), cycle(PARTS_IN_PLAY), strict=False):
        taxon_id = int(taxonomy.taxon_ids[rng.choice(np.flatnonzero(ranks == rank))])
        query = TaxonQuery(taxon_id, limit=PAGE)
        # Enough to tell generations apart by: no two have the same hundred observations.
        part = of_many * max(1.0, ALL_PHOTOS / photos)
        if part < 1:
            first = int(rng.integers(0, round(DAYS * (1 - part))))
            last = first + round(DAYS * part)
            days = Filters(observed_from=EPOCH + timedelta(days=first), observed_to=EPOCH + timedelta(days=last))
            kind = None if of_many == FEW_DAYS else (None, *KINDS)[number % (1 + len(KINDS))]
            query = replace(query, filters=days, kind=kind)
        asked.append(query)
    return asked


def digest_of(page: TaxonPage) -> str:
    """Of everything on the page, to the last bit of every number, but the name of the generation."""
    whole = taxon_answer(page) | {"generation": None, "likely": [float(n) for n in page.likely.values()]}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]


def answers_alone(index: Generation, questions: Sequence[TaxonQuery]) -> list[str]:
    """Digest of the answer to each question, when nobody else asks."""
    search = TaxonSearch(index)
    return [digest_of(search.run(question)) for question in questions]


@dataclass(eq=False)
class Reader:
    """Asks, and counts who answered what.

    Attributes:
        following: where the view for each question comes from.
        questions: asked in turn.
        numbers: which of them, an endless row cut to size; shared by threads.
        tell: hears how many have been asked.
        counted: (generation, question, digest of the answer) to how often.
        errors: what was raised.
        times_ms: of each question.
    """

    following: Following
    questions: Sequence[TaxonQuery]
    numbers: Iterator[int]
    tell: Callable[[int], object]
    counted: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, threads: int) -> None:
        """Ask all, in several threads."""
        workers = [threading.Thread(target=self._work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                number = next(self.numbers, None)
            if number is None:
                return
            began = time.perf_counter()
            answer = self._ask(number % len(self.questions))
            self._count(answer, 1000 * (time.perf_counter() - began))

    def _ask(self, question: int) -> tuple[str, int, str] | Exception:
        try:
            page = TaxonSearch(self.following.now().index).run(self.questions[question])
            return page.generation, question, digest_of(page)
        except Exception as error:  # whatever it is, it is counted, and none is expected
            return error

    def _count(self, answer: tuple[str, int, str] | Exception, took_ms: float) -> None:
        with self._lock:
            self.times_ms.append(round(took_ms, 2))
            if isinstance(answer, Exception):
                self.errors.append(f"{type(answer).__name__}: {answer}")
            else:
                self.counted[answer] += 1
            if len(self.times_ms) % TOLD_EVERY == 0:
                self.tell(len(self.times_ms))

    def report(self) -> dict[str, Any]:
        """All that was counted, as JSON types."""
        answers = [[*key, n] for key, n in self.counted.items()]
        return {"answers": answers, "errors": self.errors, "times_ms": self.times_ms}


def _say(page: object) -> None:
    sys.stdout.write(f"{json.dumps(page)}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """`alone HOME PHOTOS` prints the digests of all answers; `read HOME PHOTOS FIRST QUERIES THREADS` reads."""
    what, home, photos = arguments[0], Path(arguments[1]), int(arguments[2])
    questions = make_questions(photos)
    if what == "alone":
        _say(answers_alone(open_current(home), questions))
        return
    first, queries, threads = map(int, arguments[3:])
    with open_database(default_url(home)) as database:
        reader = Reader(Follower(home, DatabaseChanges(database)), questions, iter(range(first, first + queries)), _say)
        reader.run(threads)
    _say(reader.report())


if __name__ == "__main__":
    main(sys.argv[1:])
