"""The HTTP app of link-issuer, wired."""

from flask import Flask

from link_issuer.http_api.clicks.api import blueprint as clicks
from link_issuer.http_api.dependencies import Collaborators, equip
from link_issuer.http_api.links.api import blueprint as links
from link_issuer.http_api.links.qr_api import blueprint as qr_codes
from link_issuer.http_api.participants.api import blueprint as participants
from link_issuer.http_api.programs.reading_api import blueprint as programs
from link_issuer.http_api.redirect.api import blueprint as redirect
from link_issuer.http_api.redirect.fast_path import METHODS, ROUTE, front
from link_issuer.http_api.sharing.share_kit_api import blueprint as share_kits
from link_issuer.http_api.sharing.share_page_api import blueprint as share_pages
from link_issuer.http_api.sharing.share_page_reports_api import blueprint as share_page_reports
from link_issuer.http_api.sharing.shares_api import blueprint as shares
from referral.catalog.follower import CatalogFollower
from referral.config import Settings
from referral.http.app import create_app
from referral.http.fast_path import mount_fast_path
from referral.pages import design
from referral.telemetry.logs import configure_logs

SERVICE = "link-issuer"
BLUEPRINTS = (
    programs,
    participants,
    links,
    qr_codes,
    share_kits,
    share_pages,
    share_page_reports,
    shares,
    clicks,
    redirect,
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
