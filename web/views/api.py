"""The same as JSON, below /api/v1. Fields are added, never changed or removed."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, request

from reverse_search.errors import NoGeneration
from reverse_search.search.answers import plain, taxon_answer, triage_answer
from reverse_search.search.query import TaxonQuery
from reverse_search.search.status import index_status
from reverse_search.search.triage import TriageQuery
from reverse_search.store.detail import read_observation
from reverse_search.store.runs import last_run
from web.asked import filters_of, grades_of, kind_of, page_of
from web.serving import database, pinned

bp = Blueprint("api", __name__, url_prefix="/api/v1")
Answer = dict[str, Any]


@bp.get("/taxa")
def taxa() -> Answer:
    """Taxa whose name begins with `q`."""
    return {"taxa": [asdict(match) for match in pinned().names.find(request.args.get("q", ""))]}


@bp.get("/taxa/<int:taxon_id>/candidates")
def candidates(taxon_id: int) -> Answer:
    """Observations that look like a taxon but lack that ID."""
    page = page_of(request.args)
    query = TaxonQuery(
        taxon_id,
        kind=kind_of(request.args),
        limit=page.size,
        offset=page.offset,
        grades=grades_of(request.args),
        filters=filters_of(request.args),
    )
    return taxon_answer(pinned().taxon_search.run(query)) | {"page": page.number, "per_page": page.size}


@bp.get("/suggestions")
def suggestions() -> Answer:
    """Suggestions of a pool."""
    page = page_of(request.args)
    name = request.args.get("pool") or "unknown"
    query = TriageQuery.parse(name, limit=page.size, offset=page.offset, tray=request.args.get("tray") or None)
    return triage_answer(pinned().triage.run(query)) | {"page": page.number, "per_page": page.size}


@bp.get("/observations/<uuid:observation_uuid>")
def observation(observation_uuid: object) -> Answer:
    """One observation: what the sources gave, and what the index makes of it."""
    view = pinned().observations.find(str(observation_uuid))
    with database().read() as connection:
        stored = read_observation(connection, str(observation_uuid))
    if stored is None:
        abort(404, "no such observation is in this collection")
    answer: Answer = plain({"observation": asdict(stored), "index": asdict(view) if view else None})
    return answer


@bp.get("/status")
def status() -> Answer:
    """What serves, and how the last run went."""
    with database().read() as connection:
        last = last_run(connection, "nightly")
    try:
        sections: Answer = dict(index_status(pinned().index))
    except NoGeneration as error:
        sections = {"generation": None, "next": str(error)}
    answer: Answer = plain(sections | {"last_run": last.summary() if last else None})
    return answer
