"""The suggestions of a triage pool, as people see them: one entry an observation, abstentions included."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reverse_search.domain.arrays import BoolArray
from reverse_search.domain.words import RANK_LEVELS, AbstainReason, QualityGrade, SuggestionState
from reverse_search.errors import BadRequest
from reverse_search.search.ports import ServedIndex
from reverse_search.search.query import DEFAULT_GRADES
from reverse_search.search.rows import photo_ids_of, uuid_text
from reverse_search.search.suggesting import REASONS

SUGGESTED = "suggested"
TRAYS: tuple[str, ...] = (SUGGESTED, *(reason.value for reason in AbstainReason))
POOL_RANKS: tuple[str, ...] = ("genus", "family", "order", "class", "phylum", "kingdom")


@dataclass(frozen=True, slots=True)
class TriageQuery:
    """Which pool.

    Attributes:
        coarse_rank: None for the Unknowns; else observations identified, but no finer than this rank.
        limit: entries at most, None for all.
        offset: how many of the first to pass over.
        tray: only suggestions (SUGGESTED), or only abstentions for one reason; None for all.
        grades: quality grades in play.
    """

    coarse_rank: str | None = None
    limit: int | None = None
    offset: int = 0
    tray: str | None = None
    grades: frozenset[QualityGrade] = DEFAULT_GRADES

    @classmethod
    def parse(cls, pool: str, limit: int | None = None, offset: int = 0, tray: str | None = None) -> "TriageQuery":
        """Read "unknown" or "coarse:RANK". Raises BadRequest."""
        if tray is not None and tray not in TRAYS:
            raise BadRequest(f"no tray is called {tray!r}; use one of {', '.join(TRAYS)}")
        if pool == "unknown":
            return cls(limit=limit, offset=offset, tray=tray)
        kind, _, rank = pool.partition(":")
        if kind != "coarse" or rank not in POOL_RANKS:
            raise BadRequest(f"no pool is called {pool!r}; use unknown, or coarse: with one of {', '.join(POOL_RANKS)}")
        return cls(coarse_rank=rank, limit=limit, offset=offset, tray=tray)


@dataclass(frozen=True, slots=True)
class SuggestionEntry:
    """What the gate said of one observation.

    Attributes:
        observation_uuid: of the observation.
        observation_id: the platform's number, None where the source has none.
        current_taxon_id: the observation's own taxon, None for none.
        taxon_id: the suggestion, None for an abstention.
        name: of the suggested taxon.
        rank: "genus" or "family", None for an abstention.
        probability: of the suggestion, None for an abstention.
        abstain_reason: why nothing is said, None for a suggestion.
        state: open or abstained, until a person decides.
        place: "recorded" within the radius, or "unchecked".
        photo_ids: embedded photos in order.
        exemplar_photo_ids: verified photos of the suggested taxon most like it.
    """

    observation_uuid: str
    observation_id: int | None
    current_taxon_id: int | None
    taxon_id: int | None
    name: str | None
    rank: str | None
    probability: float | None
    abstain_reason: AbstainReason | None
    state: SuggestionState
    place: str | None
    photo_ids: tuple[int, ...]
    exemplar_photo_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TriagePage:
    """The answer: suggestions first, the most certain first, then abstentions by reason.

    Attributes:
        pool: as it was asked for.
        generation: the index that answered.
        policy: name of the gate's policy.
        certified: whether its promise could be tested.
        pool_size: observations of the pool.
        counts: how many suggestions (SUGGESTED) and abstentions by reason, whatever the tray.
        entries: of the tray, `limit` from the offset on.
    """

    pool: str
    generation: str
    policy: str
    certified: bool
    pool_size: int
    counts: Mapping[str, int]
    entries: tuple[SuggestionEntry, ...]


class Triage:
    """Reads the suggestions of one generation."""

    def __init__(self, index: ServedIndex) -> None:
        self._index = index

    def run(self, query: TriageQuery) -> TriagePage:
        """List the pool."""
        stored = self._index.suggestions
        rows = np.flatnonzero(self._pool(query)[stored.observation])
        order = np.lexsort((stored.observation[rows], -np.nan_to_num(stored.probability[rows]), stored.reason[rows]))
        rows = rows[order]
        trays = np.array([SUGGESTED if r < 0 else REASONS[r].value for r in stored.reason[rows].tolist()], dtype=object)
        counts = Counter(trays.tolist())
        listed = rows if query.tray is None else rows[trays == query.tray]
        stop = None if query.limit is None else query.offset + query.limit
        models = self._index.models
        return TriagePage(
            pool="unknown" if query.coarse_rank is None else f"coarse:{query.coarse_rank}",
            generation=self._index.name,
            policy=models.policy.name,
            certified=models.certificate.certified,
            pool_size=len(rows),
            counts={tray: counts[tray] for tray in TRAYS if counts[tray]},
            entries=tuple(self._entry(int(i)) for i in listed[query.offset : stop]),
        )

    def entry_of(self, row: int) -> SuggestionEntry | None:
        """What was said of one observation row, None where it is in no triage pool."""
        judged = self._index.suggestions.observation
        at = int(np.searchsorted(judged, np.array(row, dtype=judged.dtype)))
        return self._entry(at) if at < len(judged) and judged[at] == row else None

    def _pool(self, query: TriageQuery) -> BoolArray:
        evidence = self._index.identifications
        if query.coarse_rank is None:
            pool = evidence.is_unknown()
        else:
            pool = evidence.is_no_finer_than(RANK_LEVELS[query.coarse_rank])
        return pool & self._index.observations.has_grade(query.grades)

    def _entry(self, i: int) -> SuggestionEntry:
        index, stored = self._index, self._index.suggestions
        row, node, reason = int(stored.observation[i]), int(stored.taxon[i]), int(stored.reason[i])
        own, platform_id = int(index.observations.taxon[row]), int(index.observations.platform_id[row])
        exemplars = stored.exemplars[i]
        said = node >= 0
        return SuggestionEntry(
            observation_uuid=uuid_text(index.observations.uuid[row]),
            observation_id=platform_id if platform_id >= 0 else None,
            current_taxon_id=int(index.taxonomy.taxon_ids[own]) if own >= 0 else None,
            taxon_id=int(index.taxonomy.taxon_ids[node]) if said else None,
            name=index.taxonomy.names[node] if said else None,
            rank=index.taxonomy.ranks[node] if said else None,
            probability=float(stored.probability[i]) if said else None,
            abstain_reason=None if said else REASONS[reason],
            state=SuggestionState.OPEN if said else SuggestionState.ABSTAINED,
            place=("recorded" if stored.place[i] else "unchecked") if said else None,
            photo_ids=photo_ids_of(index, row),
            exemplar_photo_ids=tuple(int(p) for p in index.photos.photo_id[exemplars[exemplars >= 0]]),
        )
