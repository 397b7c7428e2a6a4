"""Looking a taxon up, and the observations that look like it but lack that ID."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from reverse_search.errors import AmbiguousTaxon, UnknownTaxon
from reverse_search.search.query import TaxonQuery
from web.asked import filter_parameters, filters_of, grades_of, kind_of, link_parameters, page_of
from web.serving import pinned
from web.shown import lineage, name_of

bp = Blueprint("taxa", __name__)


@bp.get("/taxa")
def look_up() -> ResponseReturnValue:
    """Go to the taxon that was typed; list those it may mean where it isn't one taxon's whole name."""
    asked = request.args.get("q", "").strip()
    if not asked:
        return redirect(url_for("home.index"))
    serving = pinned()
    taxonomy = serving.index.taxonomy
    try:
        taxon_id = int(taxonomy.taxon_ids[taxonomy.find(asked)])
    except (UnknownTaxon, AmbiguousTaxon):
        matches = serving.names.find(asked, limit=50)
        if not matches:
            raise UnknownTaxon(asked) from None
        return render_template("taxa.html", asked=asked, matches=matches)
    return redirect(url_for("taxa.candidates", taxon_id=taxon_id))


@bp.get("/taxa/<int:taxon_id>")
def candidates(taxon_id: int) -> ResponseReturnValue:
    """The result page."""
    kind, grades, page = kind_of(request.args), grades_of(request.args), page_of(request.args)
    filters = filters_of(request.args)
    query = TaxonQuery(taxon_id, kind=kind, limit=page.size, offset=page.offset, grades=grades, filters=filters)
    serving = pinned()
    answer = serving.taxon_search.run(query)
    matches = sum(answer.counts.values()) if kind is None else answer.counts[kind]
    filtered = filter_parameters(filters)
    any_kind = {"taxon_id": taxon_id} | link_parameters(grades, page) | filtered
    return render_template(
        "candidates.html",
        answer=answer,
        query=query,
        page=page,
        pages=page.count(matches),
        filtered=filtered,
        any_kind=any_kind,
        parameters=any_kind if kind is None else any_kind | {"kind": kind.value},
        lineage=lineage(serving.index.taxonomy, taxon_id),
        name_of=name_of(serving.index.taxonomy),
    )
