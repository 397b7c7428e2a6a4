"""How long a search takes and what it finds, in a process set up as the site's workers are.

`run` makes the collection, then starts this module as a program of its own: its memory is that of a worker, and its
libraries compute on one thread, which they read from the environment once.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from indexer.bench.memory import resident
from indexer.bench.questions import FILTER_KINDS, Filtering, Subject, choose_subjects
from indexer.bench.synthetic import Recipe, Say, prepare
from indexer.bench.truth import Truth
from reverse_search.domain.arrays import BoolArray
from reverse_search.generation.opened import Generation, open_current
from reverse_search.search.candidates import MIN_NEIGHBOURS, CandidateFinder
from reverse_search.search.features import FeatureReader
from reverse_search.search.pool import pool_of
from reverse_search.search.prepared import prepared
from reverse_search.search.query import TaxonQuery
from reverse_search.search.taxon_search import TaxonSearch
from reverse_search.vectors.faiss_index import FaissFlat
from reverse_search.vectors.index import Pool

RECALL_AT = 100
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
FLAT_SUBJECTS = 2
"""Subjects that plain search is timed on: it takes a second for each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is measured.

    Attributes:
        selectivities: parts of the collection that the filters leave.
        queries: taxa that are asked for, each within every filter.
        k: observations on a page.
        repeats: of each search.
        seed: chooses the taxa.
    """

    selectivities: tuple[float, ...] = (1.0, 0.1, 0.01, 0.001)
    queries: int = 20
    k: int = 100
    repeats: int = 3
    seed: int = 1


def run(home: Path, recipe: Recipe, settings: Settings, say: Say) -> dict[str, Any]:
    """Make the collection, unless it is there, and measure it in a process of its own.

    Raises:
        OSError: see `prepare`.
        subprocess.CalledProcessError: the measurement failed; what it said is on standard error.
    """
    seconds = prepare(home, recipe, say)
    say("measuring …")
    command = [sys.executable, "-m", "indexer.bench.search", str(home), json.dumps(asdict(settings))]
    environment = os.environ | ONE_THREAD
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603  ourselves
    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    collection = {"photos": recipe.photos, "dim": recipe.dim, "vectors": recipe.vectors.value, "seed": recipe.seed}
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured | {
        "bytes_per_photo": round(size / recipe.photos, 1),
        "collection": collection,
        "build_s": seconds,
        "threads": 1,
    }


@dataclass(eq=False)
class Row:
    """What came of the searches within one kind of filter.

    Attributes:
        selectivity: part of the collection that it leaves.
        filter: one of FILTER_KINDS.
        times_s: of all searches, by subject.
        flat_s: of plain search, by subject.
        pool_sizes: of each search.
        recalls: part of the exact best that the candidates hold, of each subject.
        index_recalls: likewise, of what vector search alone finds.
        fills: returned / min(k, pool).
        paths: ways taken.
    """

    selectivity: float
    filter: str
    times_s: dict[int, list[float]] = field(default_factory=dict)
    flat_s: dict[int, float] = field(default_factory=dict)
    pool_sizes: list[int] = field(default_factory=list)
    recalls: list[float] = field(default_factory=list)
    index_recalls: list[float] = field(default_factory=list)
    fills: list[float] = field(default_factory=list)
    paths: dict[str, int] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """The row as it is printed."""
        times_ms = 1000 * np.concatenate([np.array(t) for t in self.times_s.values()])
        ratios = [flat / np.median(self.times_s[node]) for node, flat in self.flat_s.items()]
        return {
            "selectivity": self.selectivity,
            "filter": self.filter,
            "pool": int(np.median(self.pool_sizes)),
            "median_ms": round(float(np.median(times_ms)), 2),
            "p95_ms": round(float(np.percentile(times_ms, 95)), 2),
            "recall_at_100": round(float(np.mean(self.recalls)), 4),
            "index_recall_at_100": round(float(np.mean(self.index_recalls)), 4),
            "fill_ratio": min(self.fills),
            "flat_ratio": round(float(np.median(ratios)), 2),
            "paths": self.paths,
        }


class Measurement:
    """Searches one collection."""

    def __init__(self, index: Generation, settings: Settings) -> None:
        self._index, self._settings = index, settings
        self._search = TaxonSearch(index)
        self._finder = CandidateFinder(index, FeatureReader(index))
        self._filtering = Filtering(index)
        self._subjects = choose_subjects(index, settings.queries, settings.seed)

    def run(self) -> dict[str, Any]:
        """All figures but those about the files."""
        first = self._first_times()
        kinds = [(s, kind) for s in self._settings.selectivities for kind in (FILTER_KINDS if s < 1 else ("random",))]
        rows = [self._row(selectivity, kind) for selectivity, kind in kinds]
        memory = resident()
        truth = Truth(self._index, [self._finder.prototypes(s.node) for s in self._subjects])
        flat = FaissFlat.build(self._index.vectors.segments)
        for row in rows:
            self._compare(row, truth)
            self._time_flat(row, flat)
        return {
            "rows": [row.figures() for row in rows],
            "ranks": self._by_rank(rows),
            "first_ms": {"median": round(float(np.median(first)), 2), "worst": round(max(first), 2)},
            "resident_bytes": memory["VmRSS"],
            "anonymous_bytes": memory["RssAnon"],
            "mapped_bytes": memory["RssFile"],
        }

    def _first_times(self) -> list[float]:
        """Milliseconds of the first search for each taxon, when nothing of it is kept yet."""
        warm = self._subjects[len(self._subjects) // 2]
        self._search.run(TaxonQuery(warm.taxon_id))  # faiss is loaded, the first pages are read
        return [1000 * self._time(TaxonQuery(s.taxon_id, limit=self._settings.k)) for s in self._subjects if s != warm]

    def _row(self, selectivity: float, kind: str) -> Row:
        row = Row(selectivity, kind)
        for _ in range(self._settings.repeats):
            for subject in self._subjects:
                query = self._query(subject, row)
                row.times_s.setdefault(subject.node, []).append(self._time(query))
        return row

    def _query(self, subject: Subject, row: Row) -> TaxonQuery:
        return self._filtering.query(subject, row.filter, row.selectivity, self._settings.k)

    def _time(self, query: TaxonQuery) -> float:
        began = time.perf_counter()
        self._search.run(query)
        return time.perf_counter() - began

    def _compare(self, row: Row, truth: Truth) -> None:
        for number, subject in enumerate(self._subjects):
            query = self._query(subject, row)
            pool = pool_of(self._index, subject.node, query)
            best = truth.best(number, pool.mask, RECALL_AT)
            found, plan = self._finder.find(subject.node, pool, query)
            page = self._search.run(query)
            size = int(pool.mask.sum())
            row.pool_sizes.append(size)
            row.fills.append(len(page.candidates) / min(query.limit, size) if size else 1.0)
            row.recalls.append(_share(best, found))
            row.index_recalls.append(_share(best, self._nearest(subject, pool.mask)))
            path = str(plan["path"])
            row.paths[path] = row.paths.get(path, 0) + 1

    def _nearest(self, subject: Subject, mask: BoolArray) -> Any:
        owners = prepared(self._index).owners
        vectors = owners.vectors_of(mask, self._index.photos, self._index.observations)
        rows, _ = self._index.vectors.nearest(self._finder.prototypes(subject.node), MIN_NEIGHBOURS, vectors)
        return owners.owners_of(rows)

    def _time_flat(self, row: Row, flat: FaissFlat) -> None:
        """Plain search for the same: the taxon's prototypes as queries, the same filter as a bitmap."""
        species = [s for s in self._subjects if s.rank == "species"] or self._subjects
        for subject in species[:FLAT_SUBJECTS]:
            pool = pool_of(self._index, subject.node, self._query(subject, row))
            owners = prepared(self._index).owners
            mask = np.zeros(flat.count, dtype=np.bool_)
            chosen = owners.vectors_of(pool.mask, self._index.photos, self._index.observations)
            mask[: len(chosen)] = chosen
            began = time.perf_counter()
            flat.search(self._finder.prototypes(subject.node), self._settings.k, Pool(mask))
            row.flat_s[subject.node] = time.perf_counter() - began

    def _by_rank(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Median over all filters, by rank."""
        ranks = []
        for rank in dict.fromkeys(s.rank for s in self._subjects):
            subjects = [s for s in self._subjects if s.rank == rank]
            times = np.concatenate([row.times_s[s.node] for row in rows for s in subjects])
            whole = np.concatenate(
                [row.times_s[s.node] for row in rows for s in subjects if row.selectivity >= 1] or [[]]
            )
            ranks.append(
                {
                    "rank": rank,
                    "leaves": int(np.median([s.leaves for s in subjects])),
                    "median_ms": round(1000 * float(np.median(times)), 2),
                    "unfiltered_median_ms": round(1000 * float(np.median(whole)), 2) if len(whole) else None,
                }
            )
        return ranks


def _share(wanted: Any, found: Any) -> float:
    return float(np.isin(wanted, found).mean()) if len(wanted) else 1.0


def main(arguments: Sequence[str]) -> None:
    """Measure the collection below the first argument, with the second's settings as JSON, and print the figures."""
    home, text = arguments
    page = json.loads(text)
    page["selectivities"] = tuple(page["selectivities"])
    figures = Measurement(open_current(Path(home)), Settings(**page)).run()
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
