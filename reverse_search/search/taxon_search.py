"""Taxon search: observations that look like X but lack that ID, best first, each with its reasons."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import BoolArray, DoubleArray, IntArray
from reverse_search.domain.lacking import KIND_CODES, KINDS
from reverse_search.domain.personal import PersonalMarks
from reverse_search.domain.taxonomy import NO_TAXON
from reverse_search.domain.words import Kind, QualityGrade
from reverse_search.search.candidates import CandidateFinder
from reverse_search.search.features import FeatureReader, Features, first_of_distinct
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
        self._finder = CandidateFinder(index, self._features)

    def run(self, query: TaxonQuery, person: PersonalMarks | None = None) -> TaxonPage:
        """Find, score and explain, for a person who has put some aside, or for anybody. Raises UnknownTaxon."""
        taxon = self._index.taxonomy.find(str(query.taxon_id))
        pool = pool_of(self._index, taxon, query, person)
        if not self._can_rank(taxon):
            plan = {"path": "empty", "pool_size": int(pool.mask.sum()), "exact": True}
            why = "no verified observation of this taxon, or of anything below it, has a photo here yet"
            return self._page(taxon, pool, plan, dict.fromkeys(KINDS, 0.0), (), why)
        rows, plan = self._finder.find(taxon, pool, query)
        features = self._features.read(taxon, rows, self._finder.stored(taxon, rows))
        probability = self.probability(taxon, features)
        likely = {k: float(probability[pool.kinds[rows] == KIND_CODES[k]].sum()) for k in KINDS}
        eligible = pool.of_kind(query.kind)
        shown = self._best(rows, probability, eligible, query)
        candidates = self._candidates(taxon, rows, shown, probability, features, pool)
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

    def _candidates(
        self, taxon: int, rows: IntArray, shown: IntArray, probability: DoubleArray, features: Features, pool: Pool
    ) -> tuple[Candidate, ...]:
        """What a page says of the scored rows at the places `shown`, in that order."""
        observations, exemplars = self._index.observations, self._exemplars(taxon, rows, shown, features)
        at = rows[shown]
        taxon_ids = [
            int(self._index.taxonomy.taxon_ids[node]) if node != NO_TAXON else None for node in observations.taxon[at]
        ]
        columns = (
            *(observations.uuid[at], observations.platform_id[at].tolist(), pool.kinds[at].tolist(), at.tolist()),
            *(probability[shown].tolist(), features.classifier[shown].tolist(), features.similarity[shown].tolist()),
            *(features.nearby[shown].tolist(), taxon_ids, observations.quality_grade[at].tolist(), exemplars),
        )
        return tuple(
            Candidate(
                observation_uuid=uuid_text(uuid),
                observation_id=platform_id if platform_id >= 0 else None,
                kind=KINDS[kind],
                probability=value,
                classifier_probability=None if math.isnan(classifier) else classifier,
                neighbour_similarity=similarity if alike else None,
                recorded_nearby={1: True, -1: False}.get(near),
                current_taxon_id=own,
                quality_grade=GRADES[grade],
                photo_ids=photo_ids_of(self._index, row),
                exemplar_photo_ids=alike,
            )
            for uuid, platform_id, kind, row, value, classifier, similarity, near, own, grade, alike in zip(
                *columns, strict=True
            )
        )

    def _exemplars(self, taxon: int, rows: IntArray, shown: IntArray, features: Features) -> list[tuple[int, ...]]:
        """Photo ids of the most similar exemplars of X, for each place in `shown`."""
        photos, observations = self._index.photos, self._index.observations
        exemplars = self._index.exemplars.of(taxon)
        photo_ids = photos.photo_id[exemplars].tolist()
        observers = observations.observer_id[photos.observation[exemplars]].tolist()
        own = observations.observer_id[rows[shown]].tolist()
        found = []
        for best, observer_id in zip(features.best_exemplars(shown).tolist(), own, strict=True):
            chosen = first_of_distinct([observers[place] for place in best], observer_id)
            found.append(tuple(photo_ids[best[place]] for place in chosen))
        return found

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
