"""Which observations are verified, and as what: the labels for exemplars, training and calibration."""

from collections.abc import Iterable

from reverse_search.domain.evidence import Identification
from reverse_search.domain.taxonomy import NO_TAXON, Taxonomy
from reverse_search.domain.words import QualityGrade

MIN_AGREEING = 2
MIN_SCORE_EXCLUSIVE = 2 / 3


def community_taxon(identifications: Iterable[Identification], taxonomy: Taxonomy) -> int:
    """Node of the community taxon, -1 if there is none.

    The platform's rule: score = agreeing / (agreeing + disagreeing + ancestor disagreements) over standing
    identifications of active taxa; the lowest taxon with score > 2/3 and at least two agreeing.
    An identification at an ancestor counts against only where it explicitly denies what lies below.
    """
    standing = [i for i in identifications if i.counts]
    nodes = [taxonomy.resolve(i.taxon_id) for i in standing]
    votes = [(i, n) for i, n in zip(standing, nodes, strict=True) if n >= 0 and taxonomy.active[n]]
    if len(votes) < MIN_AGREEING:
        return NO_TAXON
    options = {a for _, node in votes for a in taxonomy.lineage(node)}
    passing = [option for option in options if _passes(option, votes, taxonomy)]
    return max(passing, key=lambda n: (len(taxonomy.lineage(n)), -n), default=NO_TAXON)


def _passes(option: int, votes: list[tuple[Identification, int]], taxonomy: Taxonomy) -> bool:
    agreeing = sum(taxonomy.contains(option, node) for _, node in votes)
    against = sum(_is_against(option, vote, node, taxonomy) for vote, node in votes)
    return agreeing >= MIN_AGREEING and agreeing / (agreeing + against) > MIN_SCORE_EXCLUSIVE


def _is_against(option: int, vote: Identification, node: int, taxonomy: Taxonomy) -> bool:
    if taxonomy.contains(option, node):
        return False
    if not taxonomy.contains(node, option):
        return True
    if vote.disagreement is not True or vote.previous_taxon_id is None:
        return False
    return taxonomy.contains(taxonomy.resolve(vote.previous_taxon_id), option)


def verified_label(
    identifications: Iterable[Identification], own_taxon_id: int | None, grade: QualityGrade, taxonomy: Taxonomy
) -> int:
    """Node an observation is verified as, -1 if it isn't: research grade, or a community taxon of two or more."""
    if grade is QualityGrade.RESEARCH and own_taxon_id is not None:
        return taxonomy.resolve(own_taxon_id)
    label = community_taxon(identifications, taxonomy)
    return NO_TAXON if label == taxonomy.life else label
