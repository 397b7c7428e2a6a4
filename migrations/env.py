"""How migrations run: on the connection, and in the transaction, that `reverse_search.store.migrate` passes in."""

from alembic import context

from reverse_search.errors import StoreError
from reverse_search.store import models


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is None:
        raise StoreError("migrations run by `reverse-search init`, not by alembic's own command")
    context.configure(
        connection=connection,
        target_metadata=models.ChangeCounter.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
