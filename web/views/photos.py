"""Photos of this machine in the sizes that pages need, without their metadata."""

from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, abort, render_template, request

from reverse_search.errors import PhotoMissing, PhotoProblem
from reverse_search.photos.files import PhotoFolders, PhotoRef
from reverse_search.photos.rendering import SHOWN_SIZES, best_sizes_for, render
from reverse_search.store.photos import find_photo, list_photo_roots
from web.serving import database, site

bp = Blueprint("photos", __name__)
A_DAY_S = 86_400
KEPT_RENDERINGS = 256
"""About 10 MB a worker: the first page's photos, and those that several people look at."""


@bp.get("/photos/<int:photo_id>/<size>.jpg")
def show(photo_id: int, size: str) -> Response:
    """One photo. What can't be shown is a picture too, which says why."""
    if size not in SHOWN_SIZES:
        abort(404, f"There is no size {size!r}; use one of {', '.join(SHOWN_SIZES)}.")
    try:
        return _rendered(_file(photo_id, size), photo_id, size)
    except PhotoProblem as problem:
        return _placeholder(problem)


def _file(photo_id: int, size: str) -> Path:
    """The stored file. Raises PhotoMissing."""
    with database().read() as connection:
        record = find_photo(connection, photo_id)
        roots = list_photo_roots(connection)
    if record is None:
        raise PhotoMissing(f"photo {photo_id} isn't part of this collection")
    folders = PhotoFolders([*roots, site().home / "photos"])
    return folders.find(PhotoRef(photo_id, record.extension), best_sizes_for(size))


def _rendered(path: Path, photo_id: int, size: str) -> Response:
    try:
        status = path.stat()
    except OSError as error:
        raise PhotoMissing(f"photo {photo_id} has just gone") from error
    version = f"{photo_id}-{size}-{status.st_mtime_ns:x}-{status.st_size:x}"
    if request.if_none_match.contains(version):
        response = Response(status=304)
    else:
        response = Response(_render(path, status.st_mtime_ns, size), mimetype="image/jpeg")
    response.set_etag(version)
    response.headers["Cache-Control"] = f"public, max-age={A_DAY_S}"
    return response


@lru_cache(maxsize=KEPT_RENDERINGS)
def _render(path: Path, modified_ns: int, size: str) -> bytes:
    """`modified_ns` is there to render a file anew that has changed."""
    return render(path, size)


def _placeholder(problem: PhotoProblem) -> Response:
    picture = render_template("photo_problem.svg", reason=problem.reason)
    return Response(picture, status=404, mimetype="image/svg+xml")
