"""Taxa of the platform's API: which one a person means, and those that a collection refers to."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from indexer.demo.real.api import IDS_PER_REQUEST, Api
from indexer.demo.real.models import Observation, Taxon, read_items
from indexer.sources.fields import MAX_ID
from reverse_search.errors import AmbiguousTaxon, BadRequest, UnknownTaxon


class TaxonBook:
    """All taxa heard of so far, by id, with what is needed of each."""

    def __init__(self) -> None:
        self.taxa: dict[int, Taxon] = {}

    def add(self, taxon: Taxon) -> None:
        """Note a taxon and the ancestors that came with it. What says too little is passed over."""
        for heard in (taxon, *taxon.ancestors):
            if heard.name and heard.rank and heard.level is not None:
                known = self.taxa.get(heard.id)
                if known is None or len(heard.lineage) > len(known.lineage):
                    self.taxa[heard.id] = heard

    def add_all(self, observations: Iterable[Observation]) -> None:
        """Note every taxon that observations and their identifications bring along."""
        for observation in observations:
            named = (observation.taxon, *(said.taxon for said in observation.identifications))
            for taxon in filter(None, named):
                self.add(taxon)

    def complete(self, api: Api, wanted: Iterable[int]) -> None:
        """Ask for what is missing among `wanted` and all ancestors. Ids that the platform doesn't know stay missing.

        Raises:
            SourceError: the API can't be reached, or doesn't answer well.
        """
        roots, asked = frozenset(wanted), set[int]()
        while missing := self._missing(roots) - asked:
            batch = list(islice(sorted(missing), IDS_PER_REQUEST))
            asked.update(batch)
            for taxon in read_items(Taxon, api.get_taxa(batch)):
                self.add(taxon)

    def lineage(self, taxon: Taxon) -> list[Taxon]:
        """The known ancestors of a taxon from the root down."""
        return [self.taxa[taxon_id] for taxon_id in taxon.lineage if taxon_id in self.taxa]

    def _missing(self, roots: frozenset[int]) -> set[int]:
        ancestors = chain.from_iterable(taxon.lineage for taxon in self.taxa.values())
        return {taxon_id for taxon_id in chain(roots, ancestors) if taxon_id not in self.taxa}


def resolve(api: Api, asked: str, book: TaxonBook) -> Taxon:
    """The one active taxon with this id or scientific name. It and all its ancestors are in `book` afterwards.

    Raises:
        UnknownTaxon: there is none.
        AmbiguousTaxon: there are several of the name.
        BadRequest: the taxon is inactive; the message names what took its place.
        SourceError: the API can't be reached, or doesn't answer well.
    """
    name = " ".join(asked.split())
    if not name:
        raise UnknownTaxon(asked)
    is_id = name.isascii() and name.isdigit()
    if is_id and (len(name) > len(str(MAX_ID)) or not 0 < int(name) <= MAX_ID):
        raise UnknownTaxon(asked)
    taxon_id = int(name) if is_id else _id_of(api, name)
    book.complete(api, [taxon_id])
    taxon = book.taxa.get(taxon_id)
    if taxon is None:
        raise UnknownTaxon(asked)
    if taxon.is_active is False:
        successors = ", ".join(map(str, taxon.current_synonymous_taxon_ids)) or "a broader taxon"
        raise BadRequest(f"taxon {taxon.id} ({taxon.name}) is no longer in use; ask for {successors} instead")
    return taxon


def referred_taxa(observations: Iterable[Observation]) -> Iterator[int]:
    """Ids of all taxa that the rows of these observations will name."""
    for observation in observations:
        if observation.taxon:
            yield observation.taxon.id
        for said in observation.identifications:
            yield from filter(None, (said.identified_id, said.previous_observation_taxon_id))


def _id_of(api: Api, name: str) -> int:
    found = {
        taxon.id: taxon
        for taxon in read_items(Taxon, api.find_taxa(name))
        if taxon.name and taxon.name.casefold() == name.casefold() and taxon.is_active is not False
    }
    if not found:
        raise UnknownTaxon(name)
    if len(found) > 1:
        raise AmbiguousTaxon(
            name, [(t.id, t.rank or "taxon", t.name or "", t.iconic_taxon_name or "") for t in found.values()]
        )
    return next(iter(found))
