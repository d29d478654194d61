"""The HTTP app of link-issuer, wired."""

from flask import Flask

from link_issuer.http_api import (
    clicks,
    links,
    participants,
    program_reading,
    qr,
    redirect,
    share_kit,
    share_page,
    share_presses,
    shares,
)
from link_issuer.http_api.collaborators import Collaborators, equip
from link_issuer.http_api.front import METHODS, ROUTE, front
from referral.catalog.follower import CatalogFollower
from referral.config import Settings
from referral.http.app import create_app
from referral.http.fast_path import mount_fast_path
from referral.pages import design
from referral.telemetry.logs import configure_logs

SERVICE = "link-issuer"
BLUEPRINTS = (
    program_reading.blueprint,
    participants.blueprint,
    links.blueprint,
    qr.blueprint,
    share_kit.blueprint,
    share_page.blueprint,
    share_presses.blueprint,
    shares.blueprint,
    clicks.blueprint,
    redirect.blueprint,
)


def app(settings: Settings | None = None, follower: CatalogFollower | None = None) -> Flask:
    """The app with these settings, else those of the environment. Make it in the process that serves it."""
    chosen = settings or Settings.from_env()
    configure_logs(SERVICE, chosen)
    made = equip(create_app(SERVICE, chosen, title="Link issuer", blueprints=BLUEPRINTS, follower=follower))
    _put_in_front(made)
    return design.init_app(made)


def _put_in_front(made: Flask) -> None:
    own: Collaborators = made.extensions[SERVICE]
    view = front(own.onward, made.extensions["referral"].catalog.snapshot())
    for method in METHODS:
        mount_fast_path(made, SERVICE, method, ROUTE, view)
