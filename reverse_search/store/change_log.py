"""What has changed since a night, for whoever follows what serves."""

from collections.abc import Sequence

from reverse_search.domain.overlay import Change
from reverse_search.store.changed import read_changes
from reverse_search.store.changes import watermark
from reverse_search.store.session import Database


class DatabaseChanges:
    """The changes of one database. Implements `generation.following.ChangeLog`; shared by threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seq(self) -> int:
        """Number of the last change. Raises StoreError where the database doesn't answer."""
        with self._database.read() as connection:
            return watermark(connection)

    def since(self, watermark_seq: int) -> tuple[int, Sequence[Change] | None]:
        """Number of the last change, and what has changed after another number, both of one moment.

        Returns:
            The number, and the observations that changed; None for those where there are too many for an overlay.
        """
        with self._database.snapshot() as connection:
            return watermark(connection), read_changes(connection, watermark_seq)
