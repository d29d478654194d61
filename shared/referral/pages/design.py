"""The shared design of pages: templates, languages, and styles and scripts under /pages/. No page loads from another host."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory, url_for

from referral.http.rate_limit import without_rate_limit
from referral.pages.catalogues import Catalogues
from referral.pages.languages import LANGUAGES, NAMES, language, locale
from referral.pages.phrases import phrases
from referral.pages.problem_pages import show_problem_as_page

_HOME = Path(__file__).parent
_ASSETS = _HOME / "assets"
_VERSIONED_MAX_AGE_S = 365 * 24 * 3600
_UNVERSIONED_MAX_AGE_S = 60


def init_app(app: Flask) -> Flask:
    """Registers the design with an app. The templates of a service extend `referral/base.html`."""
    Catalogues(app, locale_selector=locale)
    blueprint = Blueprint("design", __name__, template_folder="templates")
    blueprint.add_url_rule("/pages/<name>", view_func=asset)
    app.register_blueprint(blueprint)
    app.after_request(show_problem_as_page)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {
        "asset_url": asset_url,
        "language": language,
        "phrases": phrases,
        "languages": [(tag, NAMES[tag]) for tag in LANGUAGES],
    }
    return app


@without_rate_limit
def asset(name: str) -> Response:
    """Returns a style, script or icon. Under the URL of its version it may be cached for a year: a new version has another URL.

    During an update a page may name another version than this process has; that response is cached for a minute only.
    """
    response = send_from_directory(_ASSETS, name)
    is_version = request.args.get("v") == asset_version(name)
    response.cache_control.max_age = _VERSIONED_MAX_AGE_S if is_version else _UNVERSIONED_MAX_AGE_S
    response.cache_control.immutable = is_version
    response.cache_control.public, response.cache_control.no_cache = True, None
    return response


def asset_url(name: str) -> str:
    """Returns the URL of an asset's version."""
    return url_for("design.asset", name=name, v=asset_version(name))


@cache
def asset_version(name: str) -> str:
    """Returns a digest of an asset's content, as its version."""
    return hashlib.blake2b((_ASSETS / name).read_bytes(), digest_size=6).hexdigest()
