"""Which observations people have decided on. They never enter calibration or test."""

import numpy as np
from sqlalchemy import Connection, select

from reverse_search.domain.arrays import IntArray
from reverse_search.store.people import Decision


def touched_observation_ids(connection: Connection) -> IntArray:
    """Internal ids of all observations with a decision, undone ones included. (n,) int64, ascending."""
    statement = select(Decision.observation_id).distinct().order_by(Decision.observation_id)
    return np.array(connection.scalars(statement).all(), dtype=np.int64)
