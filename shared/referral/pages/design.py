"""The shared design of pages: templates, languages, and styles and scripts under /pages/. No page loads from another host."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory

from referral.http.rate_limit import without_rate_limit
from referral.pages import browser_errors
from referral.pages.catalogues import Catalogues
from referral.pages.languages import LANGUAGES, NAMES, language, locale

_HOME = Path(__file__).parent
_ASSETS = _HOME / "assets"
_VERSIONED_MAX_AGE_S = 365 * 24 * 3600
_UNVERSIONED_MAX_AGE_S = 60


def init_app(app: Flask) -> Flask:
    """Registers the design with an app, and pages for errors. The templates of a service extend `referral/base.html`."""
    Catalogues(app, locale_selector=locale)
    blueprint = Blueprint("design", __name__, template_folder="templates")
    blueprint.add_url_rule("/pages/<name>", view_func=asset)
    app.register_blueprint(blueprint)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {
        "asset_version": asset_version,
        "language": language,
        "languages": [(tag, NAMES[tag]) for tag in LANGUAGES],
    }
    browser_errors.register(app)
    return app


@without_rate_limit
def asset(name: str) -> Response:
    """Returns a style or script. With `?v=` it may be cached for a year: a new version has another URL."""
    max_age = _VERSIONED_MAX_AGE_S if request.args.get("v") else _UNVERSIONED_MAX_AGE_S
    response = send_from_directory(_ASSETS, name, max_age=max_age)
    if max_age == _VERSIONED_MAX_AGE_S:
        response.cache_control.immutable = True
    response.cache_control.public, response.cache_control.no_cache = True, None
    return response


@cache
def asset_version(name: str) -> str:
    """Returns a digest of an asset's content, as its version."""
    return hashlib.blake2b((_ASSETS / name).read_bytes(), digest_size=6).hexdigest()
