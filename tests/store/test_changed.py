import uuid

from reverse_search.domain.evidence import Identification
from reverse_search.domain.words import QualityGrade
from reverse_search.store.changed import read_changes
from reverse_search.store.changes import watermark
from reverse_search.store.identifications import replace_identifications, upsert_identifications
from reverse_search.store.observations import mark_observations_deleted
from reverse_search.store.session import Database
from tests.support.store_rows import add_observation, observation_ids, uuid_of

SAID = (
    "identification_id", "observation_id", "user_id", "taxon_id", "current", "hidden", "disagreement",
    "previous_taxon_id",
)  # fmt: skip


def bytes_of(number: int) -> bytes:
    return uuid.UUID(uuid_of(number)).bytes


def test_only_what_changed_since_as_it_is_now(database: Database) -> None:
    with database.write() as connection:
        for number in range(1, 6):
            add_observation(connection, number)
        _, second, third, fourth, _ = observation_ids(connection, range(1, 6))
        upsert_identifications(connection, SAID, [(1, fourth, 8, 47_126, True, False, None, None)])
        since = watermark(connection)
        assert read_changes(connection, since) == []
        add_observation(connection, 1, taxon_id=None, quality_grade="casual")
        said = [(2, second, 8, 3, True, False, True, 1), (3, second, 9, 4, False, True, None, None)]
        upsert_identifications(connection, SAID, said)
        mark_observations_deleted(connection, [third])
        replace_identifications(connection, [fourth], SAID, [])
    with database.snapshot() as connection:
        changes = read_changes(connection, since)
        assert read_changes(connection, since, most=3) is None
        assert read_changes(connection, since, most=4) is not None
    assert changes is not None
    found = {change.uuid: change for change in changes}
    assert found.keys() == {bytes_of(number) for number in (1, 2, 3, 4)}
    assert (found[bytes_of(1)].taxon_id, found[bytes_of(1)].quality_grade) == (None, QualityGrade.CASUAL)
    assert set(found[bytes_of(2)].identifications) == {
        Identification(3, 8, disagreement=True, previous_taxon_id=1),
        Identification(4, 9, current=False, hidden=True),
    }
    assert found[bytes_of(3)].deleted
    assert found[bytes_of(4)].identifications == ()
    assert [change.deleted for change in changes].count(True) == 1


def test_many_changes_are_read_in_parts(database: Database) -> None:
    with database.write() as connection:
        for number in range(1101):
            add_observation(connection, number)
        changes = read_changes(connection, 0)
    assert changes is not None
    assert {change.uuid for change in changes} == {bytes_of(number) for number in range(1101)}
