"""What a person has put aside, by decisions and review marks."""

import uuid

from sqlalchemy import Connection, select

from reverse_search.domain.personal import Mark
from reverse_search.store.models import Observation
from reverse_search.store.people import Decision, ReviewMark


def read_marks(connection: Connection, user_id: int) -> list[Mark]:
    """All that a user did and hasn't taken back: refusals one by one, everything else as done with.

    A decision makes nobody's identification. The person who made it has looked at the observation, and for them it
    counts as reviewed.
    """
    undone = select(Decision.undoes_id).where(Decision.undoes_id.is_not(None))
    standing = (
        select(Observation.uuid, Decision.action, Decision.taxon_id)
        .join(Observation, Observation.id == Decision.observation_id)
        .where(Decision.user_id == user_id, Decision.action != "undone", Decision.id.not_in(undone))
        .order_by(Decision.id)
    )
    reviewed = (
        select(Observation.uuid)
        .join(ReviewMark, ReviewMark.observation_id == Observation.id)
        .where(ReviewMark.user_id == user_id, ReviewMark.withdrawn.is_(False))
        .order_by(ReviewMark.observation_id)
    )
    decided = [
        Mark(uuid.UUID(row.uuid).bytes, row.taxon_id if row.action == "refused" else None)
        for row in connection.execute(standing)
    ]
    return decided + [Mark(uuid.UUID(text).bytes) for text in connection.scalars(reviewed)]
