"""Which taxa are asked for within which filters, and what exact search answers."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from indexer.bench.peers.base import BLOCK_ROWS, COLUMNS, Condition, Photos, Where, in_play
from indexer.bench.questions import EPOCH, FILTER_KINDS, Filtering, choose_subjects
from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.generation.opened import Generation
from reverse_search.geo.areas import Box
from reverse_search.search.candidates import CandidateFinder
from reverse_search.search.features import FeatureReader
from reverse_search.search.query import Filters

SELECTIVITIES = (1.0, 0.1, 0.01, 0.001)


@dataclass(frozen=True, slots=True)
class Question:
    """A taxon within a filter.

    Attributes:
        subject: number of the taxon, from 0.
        selectivity: part of the observations that the filter leaves.
        filter: one of FILTER_KINDS.
        where: the filter.
    """

    subject: int
    selectivity: float
    filter: str
    where: Where


@dataclass(frozen=True, eq=False)
class Questions:
    """All that is asked.

    Attributes:
        prototypes: by subject, (m, dim) float32.
        asked: every subject within every filter, the subjects of one filter together.
        k: photos wanted.
    """

    prototypes: Sequence[FloatArray]
    asked: Sequence[Question]
    k: int

    def save(self, folder: Path) -> None:
        """Write them for `open`."""
        np.savez(folder / "prototypes.npz", *self.prototypes)
        page = {"k": self.k, "asked": [asdict(question) for question in self.asked]}
        (folder / "questions.json").write_text(json.dumps(page), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> "Questions":
        """What `save` wrote."""
        page = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
        asked = [Question(**q | {"where": tuple(Condition(**c) for c in q["where"])}) for q in page["asked"]]
        with np.load(folder / "prototypes.npz") as arrays:
            return cls([arrays[name] for name in arrays.files], asked, page["k"])


def photos_of(index: Generation) -> Photos:
    """Vectors and attributes of a collection in which every photo has a vector."""
    owners = index.photos.observation[index.photos.by_vector]
    columns = {name: np.asarray(getattr(index.observations, name))[owners] for name in COLUMNS}
    return Photos(index.vectors.segments, columns)


def make_questions(index: Generation, number: int, k: int, seed: int) -> Questions:
    """Taxa of all ranks, each within every filter.

    Args:
        index: a collection made by `synthetic.prepare`.
        number: of taxa, at least 3.
        k: photos wanted.
        seed: chooses the taxa.
    """
    subjects = choose_subjects(index, number, seed)
    finder, filtering = CandidateFinder(index, FeatureReader(index)), Filtering(index)
    kinds = [(s, kind) for s in SELECTIVITIES for kind in (FILTER_KINDS if s < 1 else FILTER_KINDS[:1])]
    asked = [
        Question(n, selectivity, kind, _where(filtering.query(subject, kind, selectivity, k).filters))
        for selectivity, kind in kinds
        for n, subject in enumerate(subjects)
    ]
    return Questions([finder.prototypes(subject.node) for subject in subjects], asked, k)


def _where(filters: Filters) -> Where:
    conditions: list[Condition] = []
    if filters.observed_to is not None:
        conditions.append(Condition("observed_day", "<=", (filters.observed_to - EPOCH).days))
    if isinstance(box := filters.bbox, Box):
        conditions += [Condition("latitude", ">=", box.south), Condition("latitude", "<=", box.north)]
        conditions += [Condition("longitude", ">=", box.west), Condition("longitude", "<=", box.east)]
    return tuple(conditions)


@dataclass(frozen=True, eq=False)
class Truth:
    """What exact search answers.

    Attributes:
        best: for each question, the min(k, pool) photos most similar to any prototype, best first.
        pools: for each question, how many photos are in play.
    """

    best: Sequence[IntArray]
    pools: Sequence[int]

    @classmethod
    def of(cls, questions: Questions, photos: Photos) -> "Truth":
        """Compare everything with everything, in one pass over the vectors."""
        starts = np.cumsum([0, *(len(p) for p in questions.prototypes[:-1])])
        queries = np.concatenate(questions.prototypes)
        similarity = np.empty((len(questions.prototypes), photos.source.count), dtype=np.float32)
        for start, vectors in photos.source.iter_blocks(BLOCK_ROWS):
            greatest = np.maximum.reduceat(vectors @ queries.T, starts, axis=1)
            similarity[:, start : start + len(vectors)] = greatest.T
        best, pools = [], []
        for question in questions.asked:
            rows = np.flatnonzero(in_play(question.where, photos.columns))
            order = np.argsort(-similarity[question.subject, rows], kind="stable")
            best.append(rows[order[: questions.k]].astype(np.int64))
            pools.append(len(rows))
        return cls(best, pools)
