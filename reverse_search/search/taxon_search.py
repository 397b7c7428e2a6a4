"""Taxon search: observations that look like X but lack that ID, best first, each with its reasons."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reverse_search.domain.arrays import AnyArray, BoolArray, DoubleArray, FloatArray, IntArray
from reverse_search.domain.catalogue import GRADE_CODES
from reverse_search.domain.lacking import HAS_IDENTIFICATION, KIND_CODES, KINDS
from reverse_search.domain.words import Kind, QualityGrade
from reverse_search.search.features import FeatureReader, Features, distinct_exemplars, keep_true
from reverse_search.search.ports import ServedIndex
from reverse_search.vectors.kmeans import spherical_kmeans

DEFAULT_GRADES = frozenset({QualityGrade.NEEDS_ID, QualityGrade.RESEARCH})
GRADES: dict[int, QualityGrade] = {code: grade for grade, code in GRADE_CODES.items()}
MIN_CANDIDATES = 4000
"""Pools up to this size are scored exactly, whole; of larger ones at least this many by each way of finding them."""
MAX_PROTOTYPES = 64
MAX_PROBES = 8


@dataclass(frozen=True, slots=True)
class TaxonQuery:
    """What is asked.

    Attributes:
        taxon_id: X.
        kind: only candidates of this kind; None for all.
        limit: how many candidates at most.
        offset: how many of the best to pass over: the pages before this one.
        grades: quality grades in play.
        include_rejected: also those where somebody's disagreement rules X out.
    """

    taxon_id: int
    kind: Kind | None = None
    limit: int = 30
    offset: int = 0
    grades: frozenset[QualityGrade] = DEFAULT_GRADES
    include_rejected: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """An observation that may be X.

    Attributes:
        observation_uuid: of the observation.
        observation_id: the platform's number, None where the source has none.
        kind: why it lacks X.
        probability: calibrated P(o is X), what the list is sorted by.
        classifier_probability: P(X | o) by the head alone; None when it doesn't know X.
        neighbour_similarity: mean cosine to the three most similar exemplars; None when X has none.
        recorded_nearby: whether X is recorded within the radius; None when place says nothing.
        current_taxon_id: the observation's own taxon, None for none.
        quality_grade: as the platform says.
        photo_ids: its embedded photos in order.
        exemplar_photo_ids: the most similar exemplars of X, from distinct observers.
    """

    observation_uuid: str
    observation_id: int | None
    kind: Kind
    probability: float
    classifier_probability: float | None
    neighbour_similarity: float | None
    recorded_nearby: bool | None
    current_taxon_id: int | None
    quality_grade: QualityGrade
    photo_ids: tuple[int, ...]
    exemplar_photo_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TaxonPage:
    """The answer: min(limit, matches) candidates from the offset on, best first.

    Attributes:
        taxon_id: X.
        name: of X.
        rank: of X.
        generation: the index that answered.
        plan: how the candidates were found.
        counts: pool size by kind.
        likely: expected number of X by kind: the sum of the probabilities of all scored candidates.
        candidates: best first.
        explanation: why the page is empty, or None.
    """

    taxon_id: int
    name: str
    rank: str
    generation: str
    plan: Mapping[str, object]
    counts: Mapping[Kind, int]
    likely: Mapping[Kind, float]
    candidates: tuple[Candidate, ...]
    explanation: str | None = None


@dataclass(frozen=True, eq=False)
class _Pool:
    kinds: AnyArray
    mask: BoolArray
    plan: dict[str, object] = field(default_factory=dict)

    def of_kind(self, kind: Kind | None) -> BoolArray:
        return self.mask if kind is None else self.mask & (self.kinds == KIND_CODES[kind])

    def counts(self) -> dict[Kind, int]:
        return {kind: int(self.of_kind(kind).sum()) for kind in KINDS}


class TaxonSearch:
    """Answers taxon queries from one generation."""

    def __init__(self, index: ServedIndex) -> None:
        self._index = index
        self._features = FeatureReader(index)

    def run(self, query: TaxonQuery) -> TaxonPage:
        """Find, score and explain. Raises UnknownTaxon."""
        taxon = self._index.taxonomy.find(str(query.taxon_id))
        pool = self._pool(taxon, query)
        counts = pool.counts()
        if not self._can_rank(taxon):
            pool.plan.update({"path": "empty", "pool_size": int(pool.mask.sum()), "exact": True})
            why = "no verified observation of this taxon, or of anything below it, has a photo here yet"
            return self._page(taxon, pool, counts, dict.fromkeys(KINDS, 0.0), (), why)
        rows = self._candidate_rows(taxon, pool, query)
        features = self._features.read(taxon, rows, self._stored(taxon, rows))
        probability = self.probability(taxon, features)
        likely = {k: float(probability[pool.kinds[rows] == KIND_CODES[k]].sum()) for k in KINDS}
        eligible = pool.of_kind(query.kind)
        shown = self._best(rows, probability, eligible, query)
        candidates = tuple(self._candidate(taxon, rows, i, probability, features, pool) for i in shown)
        none = None if eligible.any() else "every observation in play already has this identification, or none matches"
        return self._page(taxon, pool, counts, likely, candidates, none)

    def probability(self, taxon: int, features: Features) -> DoubleArray:
        """Calibrated P(o is X) from features: (n,) float64."""
        leaves, models = self._features.leaves_of(taxon), self._index.models
        if not len(leaves):
            return models.exemplar_fusion.probability(features.matrix(False))
        fusion = models.provisional_fusion if models.head.provisional[leaves].all() else models.fusion
        return fusion.probability(features.matrix(True))

    def _can_rank(self, taxon: int) -> bool:
        return bool(len(self._features.leaves_of(taxon)) or len(self._index.exemplars.of(taxon)))

    def _pool(self, taxon: int, query: TaxonQuery) -> _Pool:
        index = self._index
        kinds = index.identifications.kinds(taxon, index.taxonomy)
        mask = (
            (kinds != HAS_IDENTIFICATION) & index.observations.has_grade(query.grades) & index.observations.has_photo()
        )
        if not query.include_rejected:
            mask &= ~index.identifications.rejected(taxon, index.taxonomy)
        return _Pool(kinds, mask)

    def _candidate_rows(self, taxon: int, pool: _Pool, query: TaxonQuery) -> IntArray:
        """Observation rows worth exact features: the whole pool if it is small, else the best by either way."""
        wanted = max(MIN_CANDIDATES, 2 * (query.offset + query.limit))
        found = [self._find(taxon, pool, pool.mask, wanted)]
        if query.kind is not None:
            found.append(self._find(taxon, pool, pool.of_kind(query.kind), wanted))
        return np.unique(np.concatenate(found))

    def _find(self, taxon: int, pool: _Pool, mask: BoolArray, wanted: int) -> IntArray:
        size = int(mask.sum())
        if size <= wanted:
            pool.plan.update({"path": "exact" if size else "empty", "pool_size": size, "exact": True})
            return keep_true(mask)
        posted, _ = self._index.postings.best(taxon, self._index.taxonomy)
        posted = posted[mask[posted]][:wanted].astype(np.int64)
        return np.concatenate([posted, self._neighbours(taxon, pool, mask, wanted)])

    def _neighbours(self, taxon: int, pool: _Pool, mask: BoolArray, wanted: int) -> IntArray:
        """At least `wanted` observations of the mask nearest to X's prototypes (there are more than that)."""
        index = self._index
        prototypes = self._prototypes(taxon)
        in_pool = np.zeros(int(index.photos.vector_row.max()) + 1, dtype=np.bool_)
        in_pool[index.photos.vector_row[mask[index.photos.observation]]] = True
        k = wanted
        while True:
            vector_rows, plan = index.vectors.nearest(prototypes, k, in_pool)
            seen = np.unique(index.photos.observation[index.photos.with_vectors(vector_rows)]).astype(np.int64)
            seen = seen[mask[seen]]
            pool.plan.update(plan)
            # Several photos of one observation use up places: ask for more until enough observations are there.
            if len(seen) >= wanted or len(vector_rows) < k:
                return seen
            k *= 2

    def _prototypes(self, taxon: int) -> FloatArray:
        index = self._index
        exemplars = index.vectors.gather(index.photos.vector_row[index.exemplars.of(taxon)])
        if not len(exemplars):
            weights = index.models.head.weights[self._features.leaves_of(taxon)]
            exemplars = weights / np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)
        return spherical_kmeans(np.asarray(exemplars, dtype=np.float32), min(MAX_PROBES, len(exemplars)))

    def _stored(self, taxon: int, rows: IntArray) -> DoubleArray:
        posted, probabilities = self._index.postings.best(taxon, self._index.taxonomy)
        total = np.bincount(posted, weights=probabilities, minlength=len(self._index.observations))
        return np.minimum(total[rows], 1.0)

    @staticmethod
    def _best(rows: IntArray, probability: DoubleArray, mask: BoolArray, query: TaxonQuery) -> IntArray:
        eligible = np.flatnonzero(mask[rows])
        order = np.lexsort((rows[eligible], -probability[eligible]))
        return eligible[order][query.offset : query.offset + query.limit]

    def _candidate(
        self, taxon: int, rows: IntArray, i: int, probability: DoubleArray, features: Features, pool: _Pool
    ) -> Candidate:
        row, observations = int(rows[i]), self._index.observations
        own = int(observations.taxon[row])
        platform_id = int(observations.platform_id[row])
        classifier, similarity = float(features.classifier[i]), float(features.similarity[i])
        return Candidate(
            observation_uuid=uuid_text(observations.uuid[row]),
            observation_id=platform_id if platform_id >= 0 else None,
            kind=KINDS[int(pool.kinds[row])],
            probability=float(probability[i]),
            classifier_probability=None if np.isnan(classifier) else classifier,
            neighbour_similarity=similarity if features.best_exemplars[i, 0] >= 0 else None,
            recorded_nearby={1: True, -1: False}.get(int(features.nearby[i])),
            current_taxon_id=int(self._index.taxonomy.taxon_ids[own]) if own >= 0 else None,
            quality_grade=GRADES[int(observations.quality_grade[row])],
            photo_ids=photo_ids_of(self._index, row),
            exemplar_photo_ids=self._exemplar_ids(taxon, features.best_exemplars[i], row),
        )

    def _exemplar_ids(self, taxon: int, best: IntArray, row: int) -> tuple[int, ...]:
        photos = self._index.exemplars.of(taxon)[best[best >= 0]]
        observer_id = int(self._index.observations.observer_id[row])
        shown = distinct_exemplars(self._index, photos, observer_id)
        return tuple(int(p) for p in self._index.photos.photo_id[shown])

    def _page(
        self,
        taxon: int,
        pool: _Pool,
        counts: Mapping[Kind, int],
        likely: Mapping[Kind, float],
        candidates: tuple[Candidate, ...],
        explanation: str | None,
    ) -> TaxonPage:
        taxonomy = self._index.taxonomy
        return TaxonPage(
            taxon_id=int(taxonomy.taxon_ids[taxon]),
            name=taxonomy.names[taxon],
            rank=taxonomy.ranks[taxon],
            generation=self._index.name,
            plan=pool.plan,
            counts=counts,
            likely=likely,
            candidates=candidates,
            explanation=explanation,
        )


def photo_ids_of(index: ServedIndex, row: int) -> tuple[int, ...]:
    """The platform's ids of an observation's embedded photos, in order."""
    first = int(index.observations.first_photo[row])
    return tuple(int(p) for p in index.photos.photo_id[first : first + int(index.observations.photo_count[row])])


def uuid_text(raw: Any) -> str:
    """(16,) uint8 → the usual text form."""
    return str(uuid.UUID(bytes=bytes(raw)))
