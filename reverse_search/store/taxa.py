"""Taxa: written by sources, read whole."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from reverse_search.domain.taxonomy import TaxonRow, parse_ancestry
from reverse_search.store.models import Taxon
from reverse_search.store.upsert import Row, Target, upsert

_TAXA = Target("taxa", key=("taxon_id",))
_FETCH_ROWS = 10_000


def upsert_taxa(connection: Connection, columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Write taxa. `ancestry` and `successors` are ids joined by "/". Returns how many were new or changed."""
    return upsert(connection, _TAXA, columns, rows)


def join_ids(taxon_ids: Sequence[int]) -> str:
    """Ids as `ancestry` and `successors` store them."""
    return "/".join(map(str, taxon_ids))


def load_taxa(connection: Connection) -> Iterator[TaxonRow]:
    """All taxa, by ascending id."""
    fields = (Taxon.taxon_id, Taxon.ancestry, Taxon.rank, Taxon.rank_level, Taxon.name, Taxon.active, Taxon.successors)
    statement = select(*fields).order_by(Taxon.taxon_id)
    for taxon_id, ancestry, rank, rank_level, name, active, successors in connection.execute(
        statement, execution_options={"yield_per": _FETCH_ROWS}
    ):
        yield TaxonRow(
            taxon_id=taxon_id,
            ancestry=parse_ancestry(ancestry),
            rank=rank,
            rank_level=rank_level,
            name=name,
            active=active,
            successors=parse_ancestry(successors or ""),
        )
