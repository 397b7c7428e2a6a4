"""One observation: its photos, what people have said, and what it looks like."""

from flask import Blueprint, abort, render_template

from reverse_search.store.detail import read_observation
from web.serving import database, pinned
from web.shown import name_of

bp = Blueprint("observations", __name__)


@bp.get("/observations/<uuid:observation_uuid>")
def show(observation_uuid: object) -> str:
    """The page of one observation. One that came after the last night has no view of the index yet."""
    serving = pinned()
    with database().read() as connection:
        stored = read_observation(connection, str(observation_uuid))
    if stored is None:
        abort(404, "No such observation is in this collection; it may have been deleted on the platform.")
    return render_template(
        "observation.html",
        stored=stored,
        view=serving.observations.find(str(observation_uuid)),
        name_of=name_of(serving.index.taxonomy),
    )
