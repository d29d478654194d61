"""The HTTP app of link-issuer, wired."""

from flask import Flask

from link_issuer.http_api.clicks.api import blueprint as clicks
from link_issuer.http_api.console.home_views import blueprint as console_home
from link_issuer.http_api.console.people_views import blueprint as console_people
from link_issuer.http_api.console.settings_views import blueprint as console_settings
from link_issuer.http_api.console.sign_in_views import blueprint as console_sign_in
from link_issuer.http_api.console.studio_preview_views import blueprint as studio_preview
from link_issuer.http_api.console.studio_replay_views import blueprint as studio_replays
from link_issuer.http_api.console.studio_version_views import blueprint as studio_versions
from link_issuer.http_api.console.studio_views import blueprint as studio
from link_issuer.http_api.dependencies import Dependencies, init_app
from link_issuer.http_api.groups_api import blueprint as groups
from link_issuer.http_api.integration.banner_api import blueprint as banner_invitations
from link_issuer.http_api.integration.embed_tokens_api import blueprint as embed_tokens
from link_issuer.http_api.integration.script_api import blueprint as referral_script
from link_issuer.http_api.join.join_link_views import blueprint as join_links
from link_issuer.http_api.join.join_views import blueprint as join_page
from link_issuer.http_api.links.api import blueprint as links
from link_issuer.http_api.links.qr_api import blueprint as qr_codes
from link_issuer.http_api.messages.unsubscribe_api import blueprint as unsubscribe
from link_issuer.http_api.operators.api import blueprint as operators
from link_issuer.http_api.operators.audit_api import blueprint as audit
from link_issuer.http_api.participants.api import blueprint as participants
from link_issuer.http_api.people.api import blueprint as people
from link_issuer.http_api.programs.api import blueprint as programs
from link_issuer.http_api.redirect.api import blueprint as redirect
from link_issuer.http_api.redirect.fast_path import METHODS, ROUTE, fast_path_view
from link_issuer.http_api.sharing.share_kit_api import blueprint as share_kits
from link_issuer.http_api.sharing.share_page_api import blueprint as share_pages
from link_issuer.http_api.sharing.share_page_reports_api import blueprint as share_page_reports
from link_issuer.http_api.sharing.share_pictures_api import blueprint as share_pictures
from link_issuer.http_api.sharing.shares_api import blueprint as shares
from link_issuer.http_api.start_page_api import blueprint as start_page
from link_issuer.http_api.wallet.preferences_api import blueprint as wallet_preferences
from link_issuer.http_api.wallet.promoter_api import blueprint as wallet_promoter
from link_issuer.http_api.wallet.share_sheet_api import blueprint as share_sheet
from referral.catalog.follower import CatalogFollower
from referral.config import Settings
from referral.http.app import create_app
from referral.http.context import Context
from referral.http.fast_path import mount_fast_path
from referral.telemetry.logs import configure_logs

SERVICE = "link-issuer"
BLUEPRINTS = (
    programs,
    participants,
    people,
    links,
    qr_codes,
    share_kits,
    share_pages,
    share_pictures,
    share_page_reports,
    shares,
    clicks,
    operators,
    audit,
    wallet_promoter,
    groups,
    start_page,
    referral_script,
    banner_invitations,
    embed_tokens,
    redirect,
)

# Pages for operators; not part of the API
CONSOLE = (
    console_sign_in,
    console_home,
    console_people,
    console_settings,
    studio,
    studio_versions,
    studio_preview,
    studio_replays,
)
WALLET = (wallet_preferences, share_sheet, unsubscribe, join_page, join_links)  # pages for people; not part of the API


def app(settings: Settings | None = None, follower: CatalogFollower | None = None) -> Flask:
    """The app, with settings from the environment by default. Create it in the process that serves it."""
    settings = settings or Settings.from_env()
    configure_logs(SERVICE, settings)
    flask_app = init_app(create_app(SERVICE, settings, title="Link issuer", blueprints=BLUEPRINTS, follower=follower))
    for views in (*CONSOLE, *WALLET):
        flask_app.register_blueprint(views)
    _mount_redirect(flask_app)
    return flask_app


def _mount_redirect(flask_app: Flask) -> None:
    dependencies: Dependencies = flask_app.extensions[SERVICE]
    context: Context = flask_app.extensions["referral"]
    view = fast_path_view(dependencies.redirect_resolver, context.catalog.snapshot(), context.settings.proxies)
    for method in METHODS:
        mount_fast_path(flask_app, SERVICE, method, ROUTE, view)
