"""Taxa by the names that people know, where all there is may be an id."""

from collections.abc import Callable
from dataclasses import dataclass

from reverse_search.domain.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class ShownTaxon:
    """A taxon as a page shows it. `known` is false where the taxonomy doesn't have it, and there is no page for it."""

    taxon_id: int
    name: str
    rank: str
    known: bool = True


def name_of(taxonomy: Taxonomy) -> Callable[[int], ShownTaxon]:
    """A function from taxon ids to what is shown."""

    def shown(taxon_id: int) -> ShownTaxon:
        node = taxonomy.node(taxon_id)
        if node < 0:
            return ShownTaxon(taxon_id, f"taxon {taxon_id}", "", known=False)
        return ShownTaxon(taxon_id, taxonomy.names[node], taxonomy.ranks[node])

    return shown


def lineage(taxonomy: Taxonomy, taxon_id: int) -> list[ShownTaxon]:
    """The taxa above one, from the root down, Life left out."""
    above = taxonomy.lineage(taxonomy.node(taxon_id))[:-1]
    return [
        ShownTaxon(int(taxonomy.taxon_ids[n]), taxonomy.names[n], taxonomy.ranks[n])
        for n in above
        if n != taxonomy.life
    ]
