"""Errors as pages, or as JSON below /api: each says what to do next."""

import logging

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, SecurityError

from reverse_search.errors import AmbiguousTaxon, BadRequest, NoGeneration, ReverseSearchError, UnknownTaxon

log = logging.getLogger(__name__)


def register_errors(app: Flask) -> None:
    """Answer every error with a page of the site."""
    app.register_error_handler(ReverseSearchError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _ours(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, ReverseSearchError)
    if isinstance(error, NoGeneration):
        return _answer(503, "no_generation", "Nothing has been published yet", str(error), "no_generation.html")
    if isinstance(error, UnknownTaxon):
        return _answer(404, "unknown_taxon", "No such taxon", str(error), "no_such_taxon.html", asked=error.asked)
    if isinstance(error, AmbiguousTaxon):
        return _answer(400, "ambiguous_taxon", "Several taxa have this name", str(error))
    if isinstance(error, BadRequest):
        return _answer(400, "bad_request", "That can't be answered as asked", str(error))
    log.error("%s", error)
    return _answer(503, "unavailable", "The data can't be read", str(error))


def _http(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, HTTPException)
    # A host that isn't trusted gets no page: none of its links could be made.
    if error.code is None or error.code < 400 or isinstance(error, SecurityError):
        return error
    title = "There is no such page" if error.code == 404 else error.name
    return _answer(error.code, error.name.lower().replace(" ", "_"), title, error.description or error.name)


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected error at %s", request.path)
    return _answer(500, "internal_error", "Something went wrong here", "The log of the server has the details.")


def _answer(
    status: int, code: str, title: str, message: str, template: str = "error.html", **more: object
) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return jsonify({"error": {"code": code, "message": message}}), status
    return render_template(template, title=title, message=message, status=status, **more), status
