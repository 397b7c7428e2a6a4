"""What an index knows of one observation: what it looks like at every rank, and what the gate said."""

import uuid
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reverse_search.classify.rollup import RankGroups
from reverse_search.domain.arrays import FloatArray, IntArray
from reverse_search.domain.overlay import row_of
from reverse_search.domain.words import MAIN_RANKS, QualityGrade
from reverse_search.search.ports import ServedIndex
from reverse_search.search.rows import GRADES, photo_ids_of, uuid_text
from reverse_search.search.suggesting import leaf_probabilities
from reverse_search.search.triage import SuggestionEntry, Triage

SHOWN_LEAVES = 5
LEAST_SHOWN = 0.01


@dataclass(frozen=True, slots=True)
class Look:
    """A taxon that an observation may be.

    Attributes:
        taxon_id: the platform's.
        name: scientific name.
        rank: its rank.
        probability: P(taxon | o) by the head.
        exemplar_photo_ids: verified photos that stand for it, three at most.
    """

    taxon_id: int
    name: str
    rank: str
    probability: float
    exemplar_photo_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ObservationView:
    """What the index knows.

    Attributes:
        observation_uuid: of the observation.
        observation_id: the platform's number, None where the source has none.
        quality_grade: as the platform says.
        current_taxon_id: its own taxon, None for none.
        verified_taxon_id: what it counts as verified as, None if it isn't.
        photo_ids: embedded photos in order.
        chain: the most probable taxon at each main rank, each within the one before; empty without a photo.
        looks_like: the most probable taxa of the head, best first.
        suggestion: what the gate said; None where the observation is in no triage pool.
    """

    observation_uuid: str
    observation_id: int | None
    quality_grade: QualityGrade
    current_taxon_id: int | None
    verified_taxon_id: int | None
    photo_ids: tuple[int, ...]
    chain: tuple[Look, ...]
    looks_like: tuple[Look, ...]
    suggestion: SuggestionEntry | None


class ObservationReader:
    """Reads single observations of one generation."""

    def __init__(self, index: ServedIndex) -> None:
        self._index = index

    def find(self, observation_uuid: str) -> ObservationView | None:
        """One observation, None where the index doesn't have it."""
        row = self._row(observation_uuid)
        return None if row is None else self._view(row)

    def _row(self, observation_uuid: str) -> int | None:
        try:
            wanted = uuid.UUID(observation_uuid).bytes
        except ValueError:
            return None
        return row_of(self._index.observations, wanted)

    def _view(self, row: int) -> ObservationView:
        observations = self._index.observations
        platform_id = int(observations.platform_id[row])
        chain, looks = self._looks(row) if observations.has_photo()[row] else ((), ())
        return ObservationView(
            observation_uuid=uuid_text(observations.uuid[row]),
            observation_id=platform_id if platform_id >= 0 else None,
            quality_grade=GRADES[int(observations.quality_grade[row])],
            current_taxon_id=self._taxon_id(int(observations.taxon[row])),
            verified_taxon_id=self._taxon_id(int(observations.label[row])),
            photo_ids=photo_ids_of(self._index, row),
            chain=chain,
            looks_like=looks,
            suggestion=Triage(self._index).entry_of(row),
        )

    def _taxon_id(self, node: int) -> int | None:
        return int(self._index.taxonomy.taxon_ids[node]) if node >= 0 else None

    @cached_property
    def _known(self) -> IntArray:
        """Columns of the head's leaves that the taxonomy still has."""
        return np.flatnonzero(self._index.leaves >= 0)

    @cached_property
    def _groups(self) -> tuple[RankGroups, ...]:
        leaves = self._index.leaves[self._known]
        return tuple(RankGroups.at(rank, leaves, self._index.taxonomy) for rank in MAIN_RANKS)

    def _looks(self, row: int) -> tuple[tuple[Look, ...], tuple[Look, ...]]:
        probabilities, _ = leaf_probabilities(self._index, np.array([row], dtype=np.int64))
        of_known = probabilities[:, self._known]
        leaves = self._index.leaves[self._known]
        best = np.argsort(-of_known[0], kind="stable")[:SHOWN_LEAVES]
        looks = [self._look(int(leaves[i]), float(of_known[0, i])) for i in best if of_known[0, i] >= LEAST_SHOWN]
        return self._chain(of_known), tuple(looks)

    def _chain(self, probabilities: FloatArray) -> tuple[Look, ...]:
        chain: list[Look] = []
        above, taxonomy = -1, self._index.taxonomy
        for groups in self._groups:
            inside = [i for i, n in enumerate(groups.nodes) if above < 0 or taxonomy.contains(above, int(n))]
            if inside:
                sums = groups.sums(probabilities)[0]
                best = max(inside, key=lambda i: float(sums[i]))
                above = int(groups.nodes[best])
                chain.append(self._look(above, float(sums[best])))
        return tuple(chain)

    def _look(self, node: int, probability: float) -> Look:
        index = self._index
        exemplars = index.exemplars.of(node)[:3]
        return Look(
            taxon_id=int(index.taxonomy.taxon_ids[node]),
            name=index.taxonomy.names[node],
            rank=index.taxonomy.ranks[node],
            probability=min(probability, 1.0),
            exemplar_photo_ids=tuple(int(p) for p in index.photos.photo_id[exemplars]),
        )
