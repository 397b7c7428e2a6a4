"""What people have said an observation is, and so whether it lacks X. The rule of the project, in one place.

The columns of a generation answer the same question for millions of rows at once (`lacking.py`);
a property test holds the two together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reverse_search.domain.taxonomy import Taxonomy
from reverse_search.domain.words import Kind


@dataclass(frozen=True, slots=True)
class Identification:
    """One person's identification, as far as the rules need it."""

    taxon_id: int
    user_id: int
    current: bool = True
    hidden: bool = False
    disagreement: bool | None = None
    previous_taxon_id: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it stands: not withdrawn or superseded, and not hidden."""
        return self.current and not self.hidden


def evidence(
    identifications: Iterable[Identification],
    own_taxon_id: int | None,
    taxonomy: Taxonomy,
    *,
    list_is_complete: bool = False,
) -> frozenset[int]:
    """E(o): nodes of all standing identifications (mavericks included) and of the observation's own taxon.

    Args:
        identifications: what the source gave; withdrawn and hidden ones are passed over.
        own_taxon_id: the taxon the observation carries on the platform, None for none.
        taxonomy: the tree; inactive taxa are followed to their successors, unknown ids give -1.
        list_is_complete: whether the list is complete and fresher than the own taxon. Then an own taxon that no
            identification yields any more is dropped (one that still is yielded changes nothing: it is an
            identification's taxon or an ancestor of one).
    """
    nodes = {taxonomy.resolve(i.taxon_id) for i in identifications if i.counts}
    if own_taxon_id is not None and not list_is_complete:
        nodes.add(taxonomy.resolve(own_taxon_id))
    return frozenset(nodes)


def lacks(observed: frozenset[int], taxon: int, taxonomy: Taxonomy) -> bool:
    """Whether E(o) ∩ subtree(X) is empty."""
    return not any(taxonomy.contains(taxon, node) for node in observed)


def kind_of(observed: frozenset[int], taxon: int, taxonomy: Taxonomy) -> Kind | None:
    """Which kind of candidate for X an observation is, None if it has the identification. Life says nothing."""
    if not lacks(observed, taxon, taxonomy):
        return None
    said = observed - {taxonomy.life} if taxonomy.life >= 0 else observed
    if not said:
        return Kind.UNKNOWN
    if all(node >= 0 and taxonomy.contains(node, taxon) for node in said):
        return Kind.COARSE
    return Kind.CONFLICTING


def rejections(identifications: Iterable[Identification], taxonomy: Taxonomy) -> list[tuple[int, int]]:
    """(T, P) nodes of standing explicit disagreements: T was given and P denied. Null disagreement denies nothing."""
    return [
        (taxonomy.resolve(i.taxon_id), taxonomy.resolve(i.previous_taxon_id))
        for i in identifications
        if i.counts and i.disagreement is True and i.previous_taxon_id is not None
    ]


def rejects(denied: Sequence[tuple[int, int]], taxon: int, taxonomy: Taxonomy) -> bool:
    """Whether somebody's disagreement rules X out: X ∈ subtree(P). X between T and P is disputed, not rejected."""
    return any(taxonomy.contains(previous, taxon) for _, previous in denied)
