"""The platform's iconic taxa: the broad groups that records are counted in."""

from reverse_search.domain.taxonomy import Taxonomy

ICONIC_TAXA: dict[int, str] = {
    1: "Animalia",
    3: "Aves",
    20978: "Amphibia",
    26036: "Reptilia",
    40151: "Mammalia",
    47115: "Mollusca",
    47119: "Arachnida",
    47126: "Plantae",
    47158: "Insecta",
    47170: "Fungi",
    47178: "Actinopterygii",
    47686: "Protozoa",
    48222: "Chromista",
}
"""Taxon id to name, as the platform numbers them."""


def iconic_ancestor(node: int, taxonomy: Taxonomy) -> int:
    """The finest iconic taxon above a node (or the node itself); the root of its tree where there is none."""
    lineage = taxonomy.lineage(node)
    iconic = [n for n in lineage if int(taxonomy.taxon_ids[n]) in ICONIC_TAXA]
    return iconic[-1] if iconic else lineage[0]
