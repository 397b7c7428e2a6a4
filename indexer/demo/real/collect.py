"""Getting the observations of a plan, spread over species and observers."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from indexer.demo.real.api import PER_PAGE, Api, Params
from indexer.demo.real.models import Observation, read_items
from indexer.demo.real.plan import Part
from reverse_search.domain.words import SPECIES_LEVEL

PER_OBSERVER = 3
"""How many observations of one species by one person to take while there are others."""


@dataclass(slots=True)
class Choice:
    """Observations in the order they come, those beyond a quota set aside.

    Attributes:
        wanted: how many.
        per_species: the quota of a species, or None.
    """

    wanted: int
    per_species: int | None
    _chosen: list[Observation] = field(default_factory=list)
    _aside: list[Observation] = field(default_factory=list)
    _species: set[int] = field(default_factory=set)
    _of_species: Counter[int | None] = field(default_factory=Counter)
    _of_observer: Counter[tuple[int | None, int | None]] = field(default_factory=Counter)

    def offer(self, observation: Observation) -> None:
        """Take an observation, or set it aside."""
        species = observation.taxon.species_id if observation.taxon else None
        observer = species, observation.user.id if observation.user else None
        is_species_full = self.per_species is not None and self._of_species[species] >= self.per_species
        if is_species_full or self._of_observer[observer] >= PER_OBSERVER:
            self._aside.append(observation)
            return
        if observation.taxon and (observation.taxon.level or math.inf) <= SPECIES_LEVEL:
            self._species.add(observation.taxon.species_id)
        self._of_species[species] += 1
        self._of_observer[observer] += 1
        self._chosen.append(observation)

    @property
    def chosen(self) -> int:
        """How many were taken and not set aside."""
        return len(self._chosen)

    @property
    def is_complete(self) -> bool:
        """Whether there are enough without those set aside."""
        return self.chosen >= self.wanted

    @property
    def is_enough(self) -> bool:
        """Whether there are enough with those set aside."""
        return len(self._chosen) + len(self._aside) >= self.wanted

    @property
    def full_species(self) -> list[int]:
        """Ids of species that reached their quota. A genus that did isn't one: its species may be wanted."""
        if self.per_species is None:
            return []
        return sorted(taxon_id for taxon_id in self._species if self._of_species[taxon_id] >= self.per_species)

    @property
    def best(self) -> list[Observation]:
        """As many as wanted, if need be with some that were set aside."""
        return (self._chosen + self._aside)[: self.wanted]


def collect(api: Api, part: Part, known: frozenset[int], hear: Callable[[int], None]) -> list[Observation]:
    """The observations of one part.

    Args:
        api: where to ask.
        part: what to ask for.
        known: ids of observations that are there already.
        hear: told after each page how many there are of this part.

    Raises:
        SourceError: the API can't be reached, or doesn't answer well.
    """
    found: dict[int, Observation] = {}
    for number, params in enumerate(part.requests):
        wanted = math.ceil((part.count - len(found)) / (len(part.requests) - number))
        choice, seen = Choice(wanted, part.per_species), {*known, *found}
        for page in _pages(api, params, part.pages, choice):
            for observation in page:
                if observation.id not in seen:
                    seen.add(observation.id)
                    choice.offer(observation)
            hear(len(found) + len(choice.best))
        found.update((observation.id, observation) for observation in choice.best)
    return list(found.values())


def _pages(api: Api, params: Params, pages: int, choice: Choice) -> Iterator[Sequence[Observation]]:
    """The usable observations of one page after the other, while more are wanted and there are more.

    Species that have their quota are left out, until there is nothing else; then they make up the rest.
    """
    below: int | None = None
    is_all_else_read, has_gained = False, True
    for _ in range(pages):
        if choice.is_complete or (choice.is_enough and not has_gained):
            return
        left_out = [] if is_all_else_read else _left_out(params, choice)
        items = api.list_observations(_without(params, left_out), below)
        observations, before = list(read_items(Observation, items)), choice.chosen
        yield [observation for observation in observations if observation.is_usable]
        has_gained = choice.chosen > before
        lowest = min((observation.id for observation in observations), default=below)
        if len(items) < PER_PAGE:
            if not left_out:
                return
            is_all_else_read = True
        elif lowest is None or (below is not None and lowest >= below):
            return
        else:
            below = lowest


def _left_out(params: Params, choice: Choice) -> list[str]:
    """Ids of species to leave out: those that have their quota, but never the very taxon that is asked for."""
    return [taxon_id for taxon_id in map(str, choice.full_species) if taxon_id != params.get("taxon_id")]


def _without(params: Params, taxon_ids: Sequence[str]) -> Params:
    before = [params["without_taxon_id"]] if "without_taxon_id" in params else []
    return {**params, "without_taxon_id": ",".join([*before, *taxon_ids])} if taxon_ids else params
