"""The platform's iconic taxa: the broad groups that records are counted in."""

import numpy as np

from reverse_search.domain.arrays import Int32Array
from reverse_search.domain.taxonomy import NO_TAXON, Taxonomy

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


def iconic_of_nodes(taxonomy: Taxonomy) -> Int32Array:
    """(n_taxa + 1,) node of the finest iconic taxon at or above each node, -1 for none; the last is for no taxon."""
    iconic = np.full(len(taxonomy) + 1, NO_TAXON, dtype=np.int32)
    # In preorder a subtree comes after whatever holds it, and so overwrites the coarser one.
    for node in sorted(taxonomy.nodes_of(np.array(list(ICONIC_TAXA), dtype=np.int64)).tolist()):
        if node >= 0:
            iconic[node : taxonomy.leave[node]] = node
    return iconic
