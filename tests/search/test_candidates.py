from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from reverse_search.domain.arrays import BoolArray, FloatArray, IntArray
from reverse_search.domain.lacking import KIND_CODES
from reverse_search.domain.words import Kind
from reverse_search.search import candidates
from reverse_search.search.candidates import CandidateFinder
from reverse_search.search.features import FeatureReader
from reverse_search.search.pool import Pool
from reverse_search.search.prepared import VectorOwners, prepared
from reverse_search.search.query import TaxonQuery
from reverse_search.vectors.exact import ExactSearch
from reverse_search.vectors.faiss_index import FaissIvf
from reverse_search.vectors.planner import Planner, PlannerSettings, union_search
from tests.search.made_index import TAXONOMY, MadeIndex, make_index
from tests.vectors.sources import ArraySource
from tests.vectors.test_contract import EXACT_IS_DEAR

N, K = 1500, 30
ROUNDING = 5e-3
"""Vectors are rounded here and weren't when the scores were stored."""
TAXA = [TAXONOMY.node(t) for t in (1, 40151, 20, 21, 22, 42)]


@dataclass(frozen=True)
class Approximate:
    """Vector search through cells wherever it can be."""

    planner: Planner
    source: ArraySource

    def gather(self, rows: IntArray) -> FloatArray:
        return self.source.gather(rows)

    def nearest(self, queries: FloatArray, k: int, pool: BoolArray) -> tuple[IntArray, Mapping[str, object]]:
        return union_search(self.planner, queries, k, np.append(pool, np.zeros(self.source.count - len(pool), bool)))


@pytest.fixture(scope="module")
def index() -> MadeIndex:
    made = make_index(N)
    source = ArraySource.of(made.vectors.all_vectors)
    settings = PlannerSettings(budget_s=-1.0, most_s=1e-4, first_rows=1)
    planner = Planner(ExactSearch(source), FaissIvf.build(source, n_cells=16), EXACT_IS_DEAR, settings)
    return replace(made, vectors=Approximate(planner, source))  # type: ignore[arg-type]


@pytest.fixture
def few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "MIN_CANDIDATES", 1)
        patch.setattr(candidates, "MIN_NEIGHBOURS", 1)
        yield


def random_mask(rng: np.random.Generator, size: int, with_photo: IntArray) -> BoolArray:
    """Half of them a run of neighbours in the catalogue."""
    mask = np.zeros(N, dtype=np.bool_)
    chosen = rng.choice(with_photo, size, replace=False) if rng.random() < 0.5 else with_photo[:size]
    mask[chosen] = True
    return mask


@pytest.mark.slow
def test_never_a_short_answer(index: MadeIndex, few: None) -> None:
    """10,000 random filters, with the sizes around a page and all."""
    rng = np.random.default_rng(0)
    finder = CandidateFinder(index, FeatureReader(index))
    with_photo = np.flatnonzero(index.observations.has_photo())
    edges = [0, 1, K - 1, K, K + 1, 2 * K, 2 * K + 1, len(with_photo)]
    sizes = np.concatenate([np.repeat(edges, 50), rng.integers(0, len(with_photo) + 1, 10_000 - 50 * len(edges))])
    kinds = {taxon: index.identifications.kinds(taxon, TAXONOMY) for taxon in TAXA}
    paths: dict[str, int] = {}
    visited = 0
    for number, size in enumerate(sizes.tolist()):
        taxon, kind = TAXA[number % len(TAXA)], [None, *Kind][number % 4]
        pool = Pool(kinds[taxon], random_mask(rng, size, with_photo))
        found, plan = finder.find(taxon, pool, TaxonQuery(1, kind=kind, limit=K))
        in_play = pool.of_kind(kind)
        assert pool.mask[found].all()
        assert (np.diff(found) > 0).all()
        assert int(in_play[found].sum()) >= min(K, int(in_play.sum())), (size, taxon, kind, plan)
        paths[str(plan["path"])] = paths.get(str(plan["path"]), 0) + 1
        visited += bool(plan.get("nprobe"))
    assert paths["cells"] > 3000
    assert visited > 1000
    assert set(paths) <= {"cells", "exact", "empty"}


def test_stored_scores_are_those_of_the_head_either_way(index: MadeIndex) -> None:
    finder, features = CandidateFinder(index, FeatureReader(index)), FeatureReader(index)
    everything = np.flatnonzero(index.observations.has_photo()).astype(np.int64)
    for taxon in TAXA:
        exact = features.read(taxon, everything, None).classifier
        np.testing.assert_allclose(finder.stored(taxon, everything), exact, atol=ROUNDING)
        rows = everything[::7]
        np.testing.assert_allclose(finder.stored(taxon, rows), finder.stored(taxon, everything)[::7], rtol=1e-6)


def test_prototypes_are_few_and_grow_with_the_children(index: MadeIndex) -> None:
    finder = CandidateFinder(index, FeatureReader(index))
    species, family = finder.prototypes(TAXONOMY.node(22)), finder.prototypes(TAXONOMY.node(40151))
    assert len(species) == 8
    assert len(species) < len(family) <= 64
    np.testing.assert_allclose(np.linalg.norm(family, axis=1), 1, atol=1e-5)


def test_views_of_one_generation_share_what_is_kept(index: MadeIndex) -> None:
    laid_over = replace(index, observations=replace(index.observations))
    assert prepared(laid_over) is prepared(index)
    assert prepared(make_index(50)) is not prepared(index)


def test_a_photo_that_stands_in_two_observations() -> None:
    made = make_index(60)
    twice = made.photos.vector_row.copy()
    twice[-1] = twice[0]
    photos = replace(made.photos, vector_row=twice)
    owners = VectorOwners(photos)
    first, last = int(photos.observation[0]), int(photos.observation[-1])
    assert owners.owners_of(twice[:1]).tolist() == sorted({first, last})
    for row in (first, last):
        mask = np.zeros(60, dtype=np.bool_)
        mask[row] = True
        assert owners.vectors_of(mask, photos, made.observations)[twice[0]]
    everything = np.ones(60, dtype=np.bool_)
    assert np.array_equal(np.flatnonzero(owners.vectors_of(everything, photos, made.observations)), np.unique(twice))


def test_kinds_that_are_not_asked_for_are_still_counted(index: MadeIndex, few: None) -> None:
    finder, taxon = CandidateFinder(index, FeatureReader(index)), TAXONOMY.node(22)
    kinds = index.identifications.kinds(taxon, TAXONOMY)
    pool = Pool(kinds, (kinds >= 0) & index.observations.has_photo())
    found, _ = finder.find(taxon, pool, TaxonQuery(22, kind=Kind.UNKNOWN, limit=K))
    assert {int(k) for k in np.unique(kinds[found])} > {KIND_CODES[Kind.UNKNOWN]}
