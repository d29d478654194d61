"""Gives an app the design: templates, styles and scripts under /pages/, languages. Nothing comes from another host."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory

from referral.http.rate_limit import unlimited
from referral.pages.catalogues import Catalogues
from referral.pages.languages import LANGUAGES, NAMES, language, locale, localized

_HOME = Path(__file__).parent
_ASSETS = _HOME / "assets"
_VERSIONED_MAX_AGE_S = 365 * 24 * 3600
_UNVERSIONED_MAX_AGE_S = 60


def init_app(app: Flask) -> Flask:
    """Registers the design with an app. A service's own templates extend `referral/base.html`."""
    Catalogues(app, locale_selector=locale)
    blueprint = Blueprint("design", __name__, template_folder="templates")
    blueprint.add_url_rule("/pages/<name>", view_func=asset)
    app.register_blueprint(blueprint)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {
        "asset_version": version,
        "language": language,
        "languages": [(one, NAMES[one]) for one in LANGUAGES],
        "spoken": localized,
    }
    return app


@unlimited
def asset(name: str) -> Response:
    """A style or script. Asked for with its version it may be kept for ever: a change is another address."""
    kept = _VERSIONED_MAX_AGE_S if request.args.get("v") else _UNVERSIONED_MAX_AGE_S
    response = send_from_directory(_ASSETS, name, max_age=kept)
    if kept == _VERSIONED_MAX_AGE_S:
        response.cache_control.immutable = True
    response.cache_control.public, response.cache_control.no_cache = True, None
    return response


@cache
def version(name: str) -> str:
    """What changes with an asset's content."""
    return hashlib.blake2b((_ASSETS / name).read_bytes(), digest_size=6).hexdigest()
