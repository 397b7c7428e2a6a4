"""The rule "o lacks X", from rows of the database to the columns that answer a search, against SQL and sets of taxa."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.collect import CollectedIndex, collect
from reverse_search.domain.lacking import HAS_IDENTIFICATION, KIND_CODES
from reverse_search.domain.words import LIFE_TAXON_ID, Kind
from reverse_search.search.ports import VectorSearch
from reverse_search.search.rows import uuid_text
from reverse_search.store.columns import read_columns
from reverse_search.store.identifications import upsert_identifications
from reverse_search.store.observations import mark_observations_deleted
from reverse_search.store.session import Connection, Database, open_database
from reverse_search.store.taxa import upsert_taxa
from tests.support.store_rows import add_observation, observation_ids

LEVELS = (70.0, 60.0, 40.0, 30.0, 20.0, 10.0, 5.0)
MISSING = 999
TAXON_COLUMNS = ("taxon_id", "ancestry", "rank", "rank_level", "name", "active", "successors")
SAID_COLUMNS = (
    "identification_id", "observation_id", "user_id", "taxon_id", "current", "hidden", "disagreement",
    "previous_taxon_id",
)  # fmt: skip
SAID = """
    SELECT o.uuid, i.taxon_id FROM observations o JOIN identifications i ON i.observation_id = o.id
    WHERE NOT o.deleted AND i.current AND NOT i.hidden
    UNION SELECT uuid, taxon_id FROM observations
    WHERE NOT deleted AND taxon_id IS NOT NULL AND NOT identifications_complete
"""
DENIED = """
    SELECT o.uuid, i.previous_taxon_id FROM observations o JOIN identifications i ON i.observation_id = o.id
    WHERE NOT o.deleted AND i.current AND NOT i.hidden AND i.disagreement AND i.previous_taxon_id IS NOT NULL
"""


@dataclass(frozen=True)
class TaxonGiven:
    ancestry: tuple[int, ...]
    successors: tuple[int, ...] = ()


@dataclass(frozen=True)
class Said:
    taxon_id: int
    current: bool = True
    hidden: bool = False
    disagreement: bool | None = None
    previous: int | None = None


@dataclass(frozen=True)
class Seen:
    own: int | None = None
    said: tuple[Said, ...] = ()
    complete: bool = False
    deleted: bool = False


Taxa = dict[int, TaxonGiven]


@st.composite
def taxa(draw: st.DrawFn) -> Taxa:
    """A tree, or two; taxa that have moved, one to one, into several, to nowhere, in a circle; ancestors unheard of."""
    ids = draw(st.lists(st.integers(1, 40), min_size=1, max_size=9, unique=True))
    anywhere = st.sampled_from([*ids, MISSING])
    given: Taxa = {LIFE_TAXON_ID: TaxonGiven(())}
    for taxon_id in ids:
        parent = draw(st.sampled_from([None, *given, *given]))
        ancestry = () if parent is None else (*given[parent].ancestry, parent)
        moved = draw(st.just(()) | st.just(()) | st.lists(anywhere, max_size=3, unique=True).map(tuple))
        given[taxon_id] = TaxonGiven(ancestry, moved)
    return {t: taxon for t, taxon in given.items() if draw(st.integers(0, 9)) or t == ids[0]}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Taxa, list[Seen]]:
    tree = draw(taxa())
    anything = st.sampled_from([*tree, *tree, MISSING])
    rarely = st.sampled_from([False, False, False, True])
    said = st.builds(
        Said,
        taxon_id=anything,
        current=rarely.map(lambda withdrawn: not withdrawn),
        hidden=rarely,
        disagreement=st.sampled_from([None, False, True]),
        previous=st.none() | anything,
    )
    seen = st.builds(
        Seen,
        own=st.none() | anything,
        said=st.lists(said, max_size=4).map(tuple),
        complete=st.booleans(),
        deleted=rarely,
    )
    return tree, draw(st.lists(seen, max_size=4))


@contextmanager
def database_of(template: Path, tree: Taxa, observations: Sequence[Seen]) -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(template, Path(folder) / "database.sqlite3")
        with open_database(f"sqlite:///{path}") as database:
            with database.write() as connection:
                _write_taxa(connection, tree)
                _write_observations(connection, observations)
            yield database


def _write_taxa(connection: Connection, tree: Taxa) -> None:
    rows = [
        (
            taxon_id,
            "/".join(map(str, taxon.ancestry)),
            "rank",
            LEVELS[min(len(taxon.ancestry), len(LEVELS) - 1)],
            f"Taxon {taxon_id}",
            not taxon.successors,
            "/".join(map(str, taxon.successors)) or None,
        )
        for taxon_id, taxon in tree.items()
    ]
    upsert_taxa(connection, TAXON_COLUMNS, rows)


def _write_observations(connection: Connection, observations: Sequence[Seen]) -> None:
    numbers = range(len(observations))
    for number, seen in enumerate(observations):
        add_observation(connection, number, taxon_id=seen.own, identifications_complete=seen.complete)
    ids = observation_ids(connection, numbers)
    said = [(id_, one) for id_, seen in zip(ids, observations, strict=True) for one in seen.said]
    rows = [
        (i + 1, id_, i, one.taxon_id, one.current, one.hidden, one.disagreement, one.previous)
        for i, (id_, one) in enumerate(said)
    ]
    upsert_identifications(connection, SAID_COLUMNS, rows)
    mark_observations_deleted(connection, [id_ for id_, seen in zip(ids, observations, strict=True) if seen.deleted])


def collected(database: Database) -> CollectedIndex:
    with database.snapshot() as connection:
        return collect(read_columns(connection), np.zeros(0, dtype=np.int64), cast(VectorSearch, None))


def pairs(database: Database, statement: str) -> dict[str, set[int]]:
    """Taxon ids by the observation's uuid."""
    found: dict[str, set[int]] = {}
    with database.read() as connection:
        for uuid, taxon_id in connection.exec_driver_sql(statement):
            found.setdefault(uuid, set()).add(taxon_id)
    return found


class PlainTaxonomy:
    """What taxa mean, in sets of taxon ids."""

    def __init__(self, tree: Taxa) -> None:
        self._tree = tree

    def subtree(self, taxon_id: int | None) -> set[int]:
        return {t for t in self._tree if taxon_id in (t, *self._tree[t].ancestry)} if taxon_id in self._tree else set()

    def today(self, taxon_id: int) -> int | None:
        """What an identification of a taxon means by now: None for what nobody knows."""
        passed: set[int] = set()
        while taxon_id in self._tree and self._tree[taxon_id].successors and taxon_id not in passed:
            passed.add(taxon_id)
            parts = self._tree[taxon_id].successors
            if len(parts) > 1:
                return self._lowest_above(parts)
            (taxon_id,) = parts
        return taxon_id if taxon_id in self._tree else None

    def _lowest_above(self, parts: Iterable[int]) -> int | None:
        above = [t for t in self._tree if set(parts) <= self.subtree(t)]
        return min(above, key=lambda t: len(self.subtree(t)), default=None)

    def kind(self, said: set[int], taxon_id: int) -> Kind | None:
        meant = {self.today(t) for t in said}
        if meant & self.subtree(taxon_id):
            return None
        meant -= {LIFE_TAXON_ID} if LIFE_TAXON_ID in self._tree else set()
        if not meant:
            return Kind.UNKNOWN
        return Kind.COARSE if all(taxon_id in self.subtree(t) for t in meant) else Kind.CONFLICTING

    def rejects(self, denied: set[int], taxon_id: int) -> bool:
        return any(taxon_id in self.subtree(self.today(p)) for p in denied)


@settings(deadline=None, max_examples=200)
@given(worlds())
def test_columns_from_the_database_give_the_plain_answer(sqlite_template: Path, world: tuple[Taxa, list[Seen]]) -> None:
    tree, observations = world
    with database_of(sqlite_template, tree, observations) as database:
        index = collected(database)
        said, denied = pairs(database, SAID), pairs(database, DENIED)
    plain = PlainTaxonomy(tree)
    uuids = [uuid_text(u) for u in index.observations.uuid]
    assert len(uuids) == sum(not seen.deleted for seen in observations)
    for taxon_id in tree:
        node = index.taxonomy.node(taxon_id)
        kinds = index.identifications.kinds(node, index.taxonomy)
        rejected = index.identifications.rejected(node, index.taxonomy)
        for row, uuid in enumerate(uuids):
            kind = plain.kind(said.get(uuid, set()), taxon_id)
            assert kinds[row] == (HAS_IDENTIFICATION if kind is None else KIND_CODES[kind])
            assert rejected[row] == plain.rejects(denied.get(uuid, set()), taxon_id)


FAMILY, GENUS, OLD, NEW, OTHER, SPLIT = 10, 11, 12, 13, 14, 15
TREE = {
    LIFE_TAXON_ID: TaxonGiven(()),
    FAMILY: TaxonGiven((LIFE_TAXON_ID,)),
    GENUS: TaxonGiven((LIFE_TAXON_ID, FAMILY)),
    OLD: TaxonGiven((LIFE_TAXON_ID,), (NEW,)),
    NEW: TaxonGiven((LIFE_TAXON_ID, FAMILY, GENUS)),
    OTHER: TaxonGiven((LIFE_TAXON_ID, FAMILY, GENUS)),
    SPLIT: TaxonGiven((LIFE_TAXON_ID, FAMILY), (NEW, OTHER)),
}


def kinds_and_rejected(template: Path, seen: Seen, taxon_id: int) -> tuple[int, bool]:
    with database_of(template, TREE, [seen]) as database:
        index = collected(database)
    node = index.taxonomy.node(taxon_id)
    (kind,) = index.identifications.kinds(node, index.taxonomy)
    (rejected,) = index.identifications.rejected(node, index.taxonomy)
    return int(kind), bool(rejected)


def test_an_identification_of_a_moved_taxon_counts_where_it_has_moved_to(sqlite_template: Path) -> None:
    moved, split = Seen(said=(Said(OLD),)), Seen(said=(Said(SPLIT),))
    assert kinds_and_rejected(sqlite_template, moved, GENUS) == (HAS_IDENTIFICATION, False)
    assert kinds_and_rejected(sqlite_template, moved, OTHER) == (KIND_CODES[Kind.CONFLICTING], False)
    assert kinds_and_rejected(sqlite_template, split, GENUS) == (HAS_IDENTIFICATION, False)
    assert kinds_and_rejected(sqlite_template, split, NEW) == (KIND_CODES[Kind.COARSE], False)
    assert kinds_and_rejected(sqlite_template, Seen(own=OLD), NEW) == (HAS_IDENTIFICATION, False)


def test_a_disagreement_with_a_moved_taxon_denies_what_it_became(sqlite_template: Path) -> None:
    seen = Seen(said=(Said(FAMILY, disagreement=True, previous=OLD),))
    assert kinds_and_rejected(sqlite_template, seen, NEW) == (KIND_CODES[Kind.COARSE], True)
    assert kinds_and_rejected(sqlite_template, seen, OTHER) == (KIND_CODES[Kind.COARSE], False)
    withdrawn = Seen(said=(Said(FAMILY, current=False, disagreement=True, previous=OLD),))
    assert kinds_and_rejected(sqlite_template, withdrawn, NEW) == (KIND_CODES[Kind.UNKNOWN], False)
