"""The tree of taxa as preorder intervals: subtree(X) is the slice [X, leave[X])."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reverse_search.domain.arrays import FloatArray, Int32Array, IntArray
from reverse_search.domain.words import HYBRID_RANKS, LIFE_TAXON_ID
from reverse_search.errors import AmbiguousTaxon, UnknownTaxon

NO_TAXON = -1


@dataclass(frozen=True, slots=True)
class TaxonRow:
    """One taxon as sources give it. `ancestry` lists ancestor ids from the root down, without the taxon itself."""

    taxon_id: int
    ancestry: tuple[int, ...]
    rank: str
    rank_level: float
    name: str
    active: bool = True
    successors: tuple[int, ...] = ()


def parse_ancestry(text: str) -> tuple[int, ...]:
    r"""Read "48460/1/2" or "48460\1\2"; both separators occur. Raises ValueError on anything but numbers."""
    return tuple(int(part) for part in text.replace("\\", "/").split("/") if part)


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """All taxa in preorder. A *node* is a position in that order; arrays are aligned to it.

    Attributes:
        taxon_ids: (n,) int64, the platform's ids.
        parents: (n,) int32, node of the parent, -1 for a root.
        leave: (n,) int32, one past the last node of the subtree.
        rank_levels: (n,) float32.
        ranks: n rank names.
        names: n scientific names.
        active: n flags.
        successors: taxon id of an inactive taxon to the ids it became.
    """

    taxon_ids: IntArray
    parents: Int32Array
    leave: Int32Array
    rank_levels: FloatArray
    ranks: Sequence[str]
    names: Sequence[str]
    active: Sequence[bool]
    successors: dict[int, tuple[int, ...]]

    def __len__(self) -> int:
        return len(self.taxon_ids)

    @classmethod
    def from_rows(cls, rows: Iterable[TaxonRow]) -> "Taxonomy":
        """Build the tree. An ancestor that has no row of its own is passed over; siblings are ordered by id."""
        by_id = {row.taxon_id: row for row in rows}
        parent_of = {row.taxon_id: _nearest_known(row, by_id) for row in by_id.values()}
        children: dict[int, list[int]] = {}
        for taxon_id in sorted(by_id, reverse=True):
            children.setdefault(parent_of[taxon_id], []).append(taxon_id)
        order, leave = _preorder(children)
        node_of = {taxon_id: node for node, taxon_id in enumerate(order)}
        ordered = [by_id[taxon_id] for taxon_id in order]
        return cls(
            taxon_ids=np.array(order, dtype=np.int64),
            parents=np.array([node_of.get(parent_of[t], NO_TAXON) for t in order], dtype=np.int32),
            leave=np.array(leave, dtype=np.int32),
            rank_levels=np.array([row.rank_level for row in ordered], dtype=np.float32),
            ranks=[row.rank for row in ordered],
            names=[row.name for row in ordered],
            active=[row.active for row in ordered],
            successors={row.taxon_id: row.successors for row in ordered if row.successors},
        )

    @cached_property
    def _sorted_ids(self) -> tuple[IntArray, IntArray]:
        order = np.argsort(self.taxon_ids, kind="stable")
        return self.taxon_ids[order], order.astype(np.int64)

    def nodes_of(self, taxon_ids: IntArray) -> Int32Array:
        """Nodes of many taxon ids, -1 where unknown. (n,) int64 → (n,) int32."""
        ids, order = self._sorted_ids
        if not len(ids):
            return np.full(len(taxon_ids), NO_TAXON, dtype=np.int32)
        at = np.minimum(np.searchsorted(ids, taxon_ids), len(ids) - 1)
        return np.where(ids[at] == taxon_ids, order[at], NO_TAXON).astype(np.int32)

    def node(self, taxon_id: int) -> int:
        """Node of one taxon id, -1 where unknown."""
        return int(self.nodes_of(np.array([taxon_id], dtype=np.int64))[0])

    def resolve(self, taxon_id: int) -> int:
        """Node that an identification of `taxon_id` means today, -1 where unknown.

        An inactive taxon is followed to its successor; a split one to the common ancestor of its parts.
        """
        seen: set[int] = set()
        while taxon_id in self.successors and taxon_id not in seen:
            seen.add(taxon_id)
            parts = self.successors[taxon_id]
            if len(parts) > 1:
                return self.common_ancestor([self.node(part) for part in parts])
            taxon_id = parts[0]
        return self.node(taxon_id)

    def contains(self, ancestor: int, node: int) -> bool:
        """Whether `node` lies in subtree(`ancestor`); a node lies in its own subtree."""
        return ancestor <= node < int(self.leave[ancestor]) if ancestor >= 0 else False

    def lineage(self, node: int) -> list[int]:
        """Nodes from the root down to `node` itself; empty for an unknown one."""
        path = []
        while node >= 0:
            path.append(node)
            node = int(self.parents[node])
        return path[::-1]

    def common_ancestor(self, nodes: Sequence[int]) -> int:
        """Lowest node whose subtree holds all `nodes`, -1 if there is none or one of them is unknown."""
        if not nodes or min(nodes) < 0:
            return NO_TAXON
        low, high = min(nodes), max(nodes)
        node = low
        while node >= 0 and int(self.leave[node]) <= high:
            node = int(self.parents[node])
        return node

    def ancestor_at(self, node: int, rank: str) -> int:
        """The node of `rank` on the lineage of `node` (itself included), -1 if the lineage has none."""
        return next((n for n in reversed(self.lineage(node)) if self.ranks[n] == rank), NO_TAXON)

    @cached_property
    def life(self) -> int:
        """Node of Life, -1 if the taxonomy has none."""
        return self.node(LIFE_TAXON_ID)

    def is_hybrid(self, node: int) -> bool:
        """Hybrids are known by their rank, or by the × in their name."""
        return self.ranks[node] in HYBRID_RANKS or "×" in self.names[node]

    @cached_property
    def _nodes_by_name(self) -> dict[str, list[int]]:
        by_name: dict[str, list[int]] = {}
        for node, name in enumerate(self.names):
            by_name.setdefault(name.casefold(), []).append(node)
        return by_name

    def find(self, asked: str) -> int:
        """Node of a taxon named by its id or its scientific name.

        Raises:
            UnknownTaxon: nothing matches.
            AmbiguousTaxon: several active taxa share the name; the error lists them.
        """
        text = asked.strip()
        if text.isdecimal():
            matches = [node] if (node := self.node(int(text))) >= 0 else []
        else:
            matches = self._nodes_by_name.get(" ".join(text.split()).casefold(), [])
            matches = [n for n in matches if self.active[n]] or matches
        if not matches:
            raise UnknownTaxon(asked)
        if len(matches) > 1:
            raise AmbiguousTaxon(asked, [self._describe(node) for node in matches])
        return matches[0]

    def _describe(self, node: int) -> tuple[int, str, str, str]:
        parent = int(self.parents[node])
        return int(self.taxon_ids[node]), self.ranks[node], self.names[node], self.names[parent] if parent >= 0 else ""


def _nearest_known(row: TaxonRow, by_id: dict[int, TaxonRow]) -> int:
    known = (a for a in reversed(row.ancestry) if a in by_id and a != row.taxon_id)
    return next(known, NO_TAXON)


def _preorder(children: dict[int, list[int]]) -> tuple[list[int], list[int]]:
    """Order taxon ids depth first. `children` lists are in descending order, so that popping ascends."""
    order: list[int] = []
    leave: list[int] = []
    position: dict[int, int] = {}
    stack: list[tuple[int, bool]] = [(t, False) for t in children.get(NO_TAXON, [])]
    while stack:
        taxon_id, done = stack.pop()
        if done:
            leave[position[taxon_id]] = len(order)
            continue
        position[taxon_id] = len(order)
        order.append(taxon_id)
        leave.append(0)
        stack.append((taxon_id, True))
        stack.extend((child, False) for child in children.get(taxon_id, []))
    return order, leave
