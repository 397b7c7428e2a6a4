"""Taxon names as people begin to type them."""

import unicodedata
from bisect import bisect_left
from dataclasses import dataclass

from reverse_search.domain.taxonomy import Taxonomy

LAST = "\U0010ffff"
"""Sorts after everything that a name may hold."""


@dataclass(frozen=True, slots=True)
class TaxonMatch:
    """A taxon that what was typed may mean.

    Attributes:
        taxon_id: the platform's.
        name: scientific name.
        rank: its rank.
        parent: name of the taxon above it, None for a root.
    """

    taxon_id: int
    name: str
    rank: str
    parent: str | None


class TaxonNames:
    """Finds active taxa by the beginning of their name, or of any word of it."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        entries = []
        for node, name in enumerate(taxonomy.names):
            if taxonomy.active[node]:
                words = fold(name).split()
                entries += [(" ".join(words[i:]), i, node) for i in range(len(words))]
        entries.sort()
        self._texts = [text for text, _, _ in entries]
        self._found = [(i, node) for _, i, node in entries]

    def find(self, typed: str, limit: int = 12) -> tuple[TaxonMatch, ...]:
        """Taxa whose name, or a word of it, begins with what was typed, or that have the typed number.

        Exact names come first, then those that begin so, coarser ranks before finer ones, then by name.
        """
        text = fold(typed)
        if not text:
            return ()
        low, high = bisect_left(self._texts, text), bisect_left(self._texts, text + LAST)
        best: dict[int, tuple[bool, int]] = {}
        for at in range(low, high):
            word, node = self._found[at]
            place = (self._texts[at] != text, word)
            best[node] = min(place, best.get(node, place))
        number = self._taxonomy.node(int(text)) if text.isdecimal() and len(text) < 18 else -1
        if number >= 0:
            best[number] = (False, -1)
        levels, names = self._taxonomy.rank_levels, self._taxonomy.names
        order = sorted(best, key=lambda n: (best[n][0], min(best[n][1], 1), -float(levels[n]), names[n], n))
        return tuple(self._match(node) for node in order[:limit])

    def _match(self, node: int) -> TaxonMatch:
        taxonomy = self._taxonomy
        parent = int(taxonomy.parents[node])
        return TaxonMatch(
            taxon_id=int(taxonomy.taxon_ids[node]),
            name=taxonomy.names[node],
            rank=taxonomy.ranks[node],
            parent=taxonomy.names[parent] if parent >= 0 else None,
        )


def fold(text: str) -> str:
    """Lower case, without diacritics, single spaces; a hybrid's × doesn't have to be typed."""
    plain = unicodedata.normalize("NFKD", text.replace("×", " ").casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
