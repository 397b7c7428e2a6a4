"""The application factory."""

from pathlib import Path

from flask import Flask, Response, g

import reverse_search
from reverse_search.domain.files import sha256_of
from reverse_search.store.session import open_database
from web import labels
from web.errors import register_errors
from web.serving import Serving
from web.site import Site
from web.views import api, home, observations, photos, status, suggestions, taxa

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
A_YEAR_S = 31_536_000


def create_app(site: Site) -> Flask:
    """Make the site. Nothing of a generation is opened before the first request.

    Raises:
        StoreError: the database is missing, or older or newer than this code.
    """
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=64 * 1024,
        SEND_FILE_MAX_AGE_DEFAULT=A_YEAR_S,
        TRUSTED_HOSTS=list(site.trusted_hosts) if site.trusted_hosts else None,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    database = open_database(site.database_url)
    app.extensions |= {"site": site, "serving": Serving(site.home, database, site.device), "database": database}
    for module in (home, taxa, observations, suggestions, status, photos, api):
        app.register_blueprint(module.bp)
    register_errors(app)
    app.after_request(_harden)
    _fill_templates(app, site)
    return app


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    # Pages change with every generation; what may be kept says so itself.
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _fill_templates(app: Flask, site: Site) -> None:
    for function in (labels.percent, labels.share, labels.rough, labels.figure):
        app.add_template_filter(function)
    digests = {name: sha256_of(Path(app.root_path, "static", name))[:8] for name in ("site.css", "site.js")}
    app.jinja_env.globals |= {
        "site": site,
        "version": reverse_search.__version__,
        "KINDS": labels.KINDS,
        "GRADES": labels.GRADES,
        "TRAYS": labels.TRAYS,
        "FIGURES": labels.FIGURES,
        "digests": digests,
    }

    @app.context_processor
    def serving_name() -> dict[str, str | None]:
        return {"generation": g.pinned.name if "pinned" in g else None}
