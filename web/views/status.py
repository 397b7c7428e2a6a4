"""What serves, how good it measured itself to be, and how the last runs went."""

from flask import Blueprint, render_template

from reverse_search.errors import NoGeneration
from reverse_search.search.status import index_status
from reverse_search.store.runs import recent_runs
from web.serving import database, pinned

bp = Blueprint("status", __name__)


@bp.get("/status")
def show() -> str:
    """The status page. It is there before anything is published, too."""
    with database().read() as connection:
        runs = recent_runs(connection, kind="nightly", limit=5)
    try:
        sections = index_status(pinned().index)
    except NoGeneration as error:
        return render_template("status.html", sections={}, runs=runs, next_step=str(error))
    return render_template("status.html", sections=sections, runs=runs, next_step=None)
