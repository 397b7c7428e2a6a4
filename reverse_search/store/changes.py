"""The number of a write batch. Taking it locks the counter's row, so numbers follow commit order on both databases."""

from sqlalchemy import Connection


def next_change_seq(connection: Connection) -> int:
    """Take the next number. Other writers wait until this transaction ends."""
    statement = "UPDATE change_counter SET value = value + 1 WHERE id = 1 RETURNING value"
    return int(connection.exec_driver_sql(statement).scalar_one())


def give_back(connection: Connection, change_seq: int) -> None:
    """Undo `next_change_seq` where nothing was written: a run that changes nothing leaves no trace."""
    statement = f"UPDATE change_counter SET value = {change_seq - 1:d} WHERE value = {change_seq:d}"  # noqa: S608
    connection.exec_driver_sql(statement)


def watermark(connection: Connection) -> int:
    """The number of the last committed batch; no row has a higher one."""
    return int(connection.exec_driver_sql("SELECT value FROM change_counter WHERE id = 1").scalar_one())
