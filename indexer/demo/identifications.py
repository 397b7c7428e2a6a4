"""Who said what about an observation, and what the platform made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np

from indexer.demo.sightings import PEOPLE, Sighting, State
from indexer.demo.taxa import Drawn, Taxon
from reverse_search.domain.words import LIFE_TAXON_ID

COARSE_RANKS = ("kingdom", "phylum", "class", "order", "family")


@dataclass(frozen=True, slots=True)
class Said:
    """An identification. `denied` is the observation's taxon until then, where it explicitly disagrees with that."""

    taxon_id: int
    user: int
    at: datetime
    category: str
    current: bool = True
    denied: int | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """All identifications of an observation, and what follows from them."""

    said: tuple[Said, ...]
    taxon_id: int | None
    grade: str


class Crowd:
    """People who identify what others have observed, rightly or wrongly as the state of the observation says.

    Nobody ever names a species that isn't `known`.
    """

    def __init__(self, taxa: Sequence[Taxon], species: Sequence[Drawn]) -> None:
        self._taxa: Mapping[int, Taxon] = {t.taxon_id: t for t in taxa}
        self._species = [s.taxon for s in species if s.known and s.taxon.rank == "species"]
        self._genera = [self._taxa[taxon_id] for taxon_id in dict.fromkeys(t.ancestry[-1] for t in self._species)]

    def opinion(self, sighting: Sighting, rng: np.random.Generator) -> Opinion:
        """What is said about an observation."""
        talk = _Talk(sighting, rng)
        match sighting.state:
            case State.VERIFIED:
                return self._verified(sighting, talk, rng)
            case State.CASUAL:
                own = sighting.drawn.taxon.taxon_id
                return Opinion((talk.says(own, "improving"), talk.says(own, "supporting")), own, "casual")
            case State.SINGLE:
                own = sighting.drawn.taxon.taxon_id
                return Opinion((talk.says(own, "leading"),), own, "needs_id")
            case State.COARSE:
                coarse = self._ancestor(sighting, rng)
                return Opinion((talk.says(coarse, "leading"),), coarse, "needs_id")
            case State.CONFLICTING:
                return self._conflicting(sighting, talk, rng)
        return Opinion((), None, "needs_id")

    def _verified(self, sighting: Sighting, talk: "_Talk", rng: np.random.Generator) -> Opinion:
        """Two to four agree; often somebody was vague first, now and then somebody is wrong."""
        taxon = sighting.drawn.taxon
        own = taxon.ancestry[-1] if rng.random() < 0.03 else taxon.taxon_id
        said = []
        if rng.random() < 0.35:
            said.append(talk.says(self._ancestor(sighting, rng), "improving", current=rng.random() < 0.5))
        agreeing = int(rng.choice([2, 3, 4], p=[0.6, 0.3, 0.1]))
        said += [talk.says(own, "improving" if i == 0 else "supporting") for i in range(agreeing)]
        if agreeing > 2 and rng.random() < 0.1:
            said.append(talk.says(self._other_species(sighting, rng), "maverick"))
        return Opinion(tuple(said), own, "research" if own == taxon.taxon_id else "needs_id")

    def _conflicting(self, sighting: Sighting, talk: "_Talk", rng: np.random.Generator) -> Opinion:
        """A wrong species, genus, or order; or a wrong species that somebody else denies."""
        match int(rng.choice(4, p=[0.35, 0.3, 0.15, 0.2])):
            case 0:
                wrong = self._other_species(sighting, rng)
            case 1:
                wrong = self._other(sighting, self._genera, rng)
            case 2:
                wrong = self._other(sighting, [t for t in self._taxa.values() if t.rank in {"class", "order"}], rng)
            case _:
                return self._disputed(sighting, talk, rng)
        return Opinion((talk.says(wrong, "leading"),), wrong, "needs_id")

    def _disputed(self, sighting: Sighting, talk: "_Talk", rng: np.random.Generator) -> Opinion:
        """Somebody names a wrong genus; somebody else denies it and says what both have in common; it is withdrawn."""
        wrong = self._other(sighting, self._genera, rng)
        shared = [a for a in sighting.drawn.taxon.ancestry if a in self._taxa[wrong].ancestry][-1]
        said = talk.says(wrong, "leading", current=False), talk.says(shared, "leading", denied=wrong)
        return Opinion(said, shared, "needs_id")

    def _ancestor(self, sighting: Sighting, rng: np.random.Generator) -> int:
        ancestors = [a for a in sighting.drawn.taxon.ancestry if self._taxa[a].rank in COARSE_RANKS]
        if rng.random() < 0.05:
            return LIFE_TAXON_ID
        weights = np.arange(1, len(ancestors) + 1, dtype=np.float64)
        return ancestors[int(rng.choice(len(ancestors), p=weights / weights.sum()))]

    def _other_species(self, sighting: Sighting, rng: np.random.Generator) -> int:
        """A sister species more often than not."""
        genus = sighting.drawn.taxon.ancestry[-1]
        sisters = [t for t in self._species if t.ancestry[-1] == genus and t is not sighting.drawn.taxon]
        return self._other(sighting, sisters if sisters and rng.random() < 0.6 else self._species, rng)

    def _other(self, sighting: Sighting, among: Sequence[Taxon], rng: np.random.Generator) -> int:
        lineage = {*sighting.drawn.taxon.ancestry, sighting.drawn.taxon.taxon_id}
        others = [t.taxon_id for t in among if t.taxon_id not in lineage]
        return others[rng.integers(len(others))]


class _Talk:
    """Lets people speak about an observation, each once, one after the other."""

    def __init__(self, sighting: Sighting, rng: np.random.Generator) -> None:
        others = [p for p in range(1, PEOPLE + 1) if p != sighting.observer]
        self._people = iter([sighting.observer, *(int(p) for p in rng.permutation(others))])
        self._at = datetime.combine(sighting.day, time(9), UTC)
        self._rng = rng

    def says(self, taxon_id: int, category: str, *, current: bool = True, denied: int | None = None) -> Said:
        """The next one speaks, some hours or days later."""
        self._at += timedelta(minutes=int(self._rng.exponential(3000)) + 5)
        return Said(taxon_id, next(self._people), self._at, category, current, denied)
