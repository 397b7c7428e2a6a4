"""Taxon search: observations that look like X but lack that ID, best first, each with its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import BoolArray, DoubleArray, IntArray
from reverse_search.domain.lacking import KIND_CODES, KINDS
from reverse_search.domain.words import Kind, QualityGrade
from reverse_search.search.candidates import CandidateFinder
from reverse_search.search.features import FeatureReader, Features, distinct_exemplars
from reverse_search.search.pool import Pool, pool_of
from reverse_search.search.ports import ServedIndex
from reverse_search.search.query import TaxonQuery
from reverse_search.search.rows import GRADES, photo_ids_of, uuid_text


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


class TaxonSearch:
    """Answers taxon queries from one generation."""

    def __init__(self, index: ServedIndex) -> None:
        self._index = index
        self._features = FeatureReader(index)
        self._candidates = CandidateFinder(index, self._features)

    def run(self, query: TaxonQuery) -> TaxonPage:
        """Find, score and explain. Raises UnknownTaxon."""
        taxon = self._index.taxonomy.find(str(query.taxon_id))
        pool = pool_of(self._index, taxon, query)
        if not self._can_rank(taxon):
            plan = {"path": "empty", "pool_size": int(pool.mask.sum()), "exact": True}
            why = "no verified observation of this taxon, or of anything below it, has a photo here yet"
            return self._page(taxon, pool, plan, dict.fromkeys(KINDS, 0.0), (), why)
        rows, plan = self._candidates.find(taxon, pool, query)
        features = self._features.read(taxon, rows, self._candidates.stored(taxon, rows))
        probability = self.probability(taxon, features)
        likely = {k: float(probability[pool.kinds[rows] == KIND_CODES[k]].sum()) for k in KINDS}
        eligible = pool.of_kind(query.kind)
        shown = self._best(rows, probability, eligible, query)
        candidates = tuple(self._candidate(taxon, rows, i, probability, features, pool) for i in shown)
        none = None if eligible.any() else "every observation in play already has this identification, or none matches"
        return self._page(taxon, pool, plan, likely, candidates, none)

    def probability(self, taxon: int, features: Features) -> DoubleArray:
        """Calibrated P(o is X) from features: (n,) float64."""
        leaves, models = self._features.leaves_of(taxon), self._index.models
        if not len(leaves):
            return models.exemplar_fusion.probability(features.matrix(False))
        fusion = models.provisional_fusion if models.head.provisional[leaves].all() else models.fusion
        return fusion.probability(features.matrix(True))

    def _can_rank(self, taxon: int) -> bool:
        return bool(len(self._features.leaves_of(taxon)) or len(self._index.exemplars.of(taxon)))

    @staticmethod
    def _best(rows: IntArray, probability: DoubleArray, mask: BoolArray, query: TaxonQuery) -> IntArray:
        eligible = np.flatnonzero(mask[rows])
        order = np.lexsort((rows[eligible], -probability[eligible]))
        return eligible[order][query.offset : query.offset + query.limit]

    def _candidate(
        self, taxon: int, rows: IntArray, i: int, probability: DoubleArray, features: Features, pool: Pool
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
        pool: Pool,
        plan: Mapping[str, object],
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
            plan=plan,
            counts=pool.counts(),
            likely=likely,
            candidates=candidates,
            explanation=explanation,
        )
