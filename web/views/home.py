"""The first page: taxa worth a look, suggestions with their trays, and the measured error."""

from flask import Blueprint, render_template

from reverse_search.search.status import index_status
from reverse_search.search.triage import TriageQuery
from web.serving import pinned

bp = Blueprint("home", __name__)
POOLS: dict[str, str] = {"unknown": "Unknown", "coarse:class": "Identified no finer than class"}


@bp.get("/")
def index() -> str:
    """The first page."""
    serving = pinned()
    pools = {pool: serving.triage.run(TriageQuery.parse(pool, limit=0)) for pool in POOLS}
    return render_template(
        "home.html", highlights=serving.highlights, pools=pools, names=POOLS, status=index_status(serving.index)
    )
