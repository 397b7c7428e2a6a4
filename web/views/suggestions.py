"""Suggestions of a triage pool, with a tray for each reason why nothing is said."""

from flask import Blueprint, render_template, request

from reverse_search.search.query import DEFAULT_GRADES
from reverse_search.search.triage import SUGGESTED, TriageQuery
from web.asked import link_parameters, page_of
from web.serving import pinned
from web.shown import name_of
from web.views.home import POOLS

bp = Blueprint("suggestions", __name__)


@bp.get("/suggestions")
def pool() -> str:
    """A tray of a pool."""
    page = page_of(request.args)
    tray = request.args.get("tray") or SUGGESTED
    name = request.args.get("pool") or "unknown"
    serving = pinned()
    answer = serving.triage.run(TriageQuery.parse(name, limit=page.size, offset=page.offset, tray=tray))
    return render_template(
        "suggestions.html",
        answer=answer,
        tray=tray,
        page=page,
        pages=page.count(answer.counts.get(tray, 0)),
        pools=POOLS,
        parameters={"pool": name, "tray": tray} | link_parameters(DEFAULT_GRADES, page),
        certificate=serving.index.models.certificate,
        name_of=name_of(serving.index.taxonomy),
    )
