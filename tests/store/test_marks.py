import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from reverse_search.domain.personal import Mark
from reverse_search.store.marks import read_marks
from reverse_search.store.people import Decision, ReviewMark, User
from reverse_search.store.session import Database
from tests.support.store_rows import add_observation, observation_ids, uuid_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def people(database: Database) -> Database:
    with database.write() as connection:
        for login in ("ada", "bob"):
            connection.execute(insert(User).values(login=login, created_at=NOW))
    return database


def decide(
    database: Database, user: int, number: int, action: str, taxon_id: int | None, undoes: int | None = None
) -> int:
    with database.write() as connection:
        statement = insert(Decision).values(
            user_id=user, observation_id=number, action=action, taxon_id=taxon_id, undoes_id=undoes, created_at=NOW,
            change_seq=1,
        )  # fmt: skip
        key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def review(database: Database, user: int, number: int, withdrawn: bool) -> None:
    with database.write() as connection:
        connection.execute(
            insert(ReviewMark).values(
                user_id=user, observation_id=number, withdrawn=withdrawn, reviewed_at=NOW, change_seq=1
            )
        )


def marks(database: Database, user: int) -> set[tuple[int, int | None]]:
    with database.snapshot() as connection:
        found: list[Mark] = read_marks(connection, user)
    numbers = {uuid.UUID(uuid_of(number)).bytes: number for number in range(1, 9)}
    assert len(found) == len(set(found))
    return {(numbers[mark.uuid], mark.refused_taxon_id) for mark in found}


def test_what_each_person_did_and_has_not_taken_back(people: Database) -> None:
    with people.write() as connection:
        for number in range(1, 9):
            add_observation(connection, number)
        assert observation_ids(connection, range(1, 9)) == list(range(1, 9))
    decide(people, 1, 1, "refused", 47)
    decide(people, 1, 1, "refused", 48)
    decide(people, 1, 2, "confirmed", 47)
    decide(people, 1, 3, "corrected", 47)
    undone = decide(people, 1, 4, "refused", 47)
    decide(people, 1, 4, "undone", 47, undone)
    decide(people, 2, 5, "refused", 47)
    review(people, 1, 6, withdrawn=False)
    review(people, 1, 7, withdrawn=True)
    review(people, 2, 8, withdrawn=False)
    assert marks(people, 1) == {(1, 47), (1, 48), (2, None), (3, None), (6, None)}
    assert marks(people, 2) == {(5, 47), (8, None)}
    assert marks(people, 3) == set()
