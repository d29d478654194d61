"""The HTTP app of link-issuer, wired."""

from flask import Flask

from link_issuer.http_api import links, participants, programs, qr, redirect
from link_issuer.http_api.desk import Desk
from link_issuer.http_api.front import METHODS, ROUTE, front
from link_issuer.http_api.onward import Onward
from link_issuer.store import Store
from referral.config import Settings
from referral.http.app import create_app
from referral.http.context import Context
from referral.http.hot import mount
from referral.telemetry.logs import configure_logs
from referral.tokens import TokenSigner


def create() -> Flask:
    """The app with the environment's settings; the server calls it in each worker process."""
    settings = Settings.from_env()
    configure_logs("link-issuer", settings)
    return build(settings)


def build(settings: Settings) -> Flask:
    """The app with these settings."""
    blueprints = [programs.blueprint, participants.blueprint, links.blueprint, qr.blueprint, redirect.blueprint]
    app = create_app("link-issuer", settings, title="Link issuer", blueprints=blueprints)
    context: Context = app.extensions["referral"]
    desk = app.extensions["link_issuer"] = _desk(settings, context)
    view = front(desk.onward, context.catalog.as_read())
    for method in METHODS:
        mount(app, "link-issuer", method, ROUTE, view)
    return app


def _desk(settings: Settings, context: Context) -> Desk:
    return Desk(
        store=Store(context.follower, context.catalog_writer(), context.redis),
        onward=Onward(context.clock, TokenSigner(settings.signing_key), context.collector()),
        public_url=settings.public_url.rstrip("/"),
    )
