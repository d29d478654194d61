"""The HTTP app of conversion-tracker."""

from flask import Flask

from conversion_tracker.attribution.api import blueprint as people
from conversion_tracker.bans.api import blueprint as bans
from conversion_tracker.console.desk_views import blueprint as console_desk
from conversion_tracker.console.referral_story_views import blueprint as console_person
from conversion_tracker.console.replay_views import blueprint as console_replays
from conversion_tracker.console.review_views import blueprint as console_review
from conversion_tracker.dependencies import Dependencies, init_app
from conversion_tracker.desk.api import blueprint as desk
from conversion_tracker.desk.desk_request import ROWS_SCHEMA
from conversion_tracker.explain.api import blueprint as explanations
from conversion_tracker.ingest.adapters.cloudevents.api import blueprint as cloudevents
from conversion_tracker.ingest.adapters.json_mapping.api import blueprint as json_mapping
from conversion_tracker.ingest.adapters.stores.api import blueprint as stores
from conversion_tracker.ingest.adapters.wechat.api import blueprint as wechat
from conversion_tracker.ingest.api import blueprint as events
from conversion_tracker.ingest.event_pseudonyms import PeopleChanges
from conversion_tracker.ingest.events_openapi import SCHEMAS
from conversion_tracker.ingest.fast_path import ROUTE, ingest_fast_path
from conversion_tracker.rejected.api import blueprint as rejected
from conversion_tracker.replay.api import blueprint as replays
from conversion_tracker.screening.api import blueprint as conversions
from conversion_tracker.wallet.api import blueprint as wallet
from conversion_tracker.wallet.api import pages as wallet_pages
from referral.catalog.follower import CatalogFollower
from referral.config import Settings
from referral.events.keys import KeyedLine
from referral.http.app import create_app
from referral.http.context import Context
from referral.http.fast_path import mount_fast_path
from referral.telemetry.logs import configure_logs

SERVICE = "conversion-tracker"
BLUEPRINTS = (
    events,
    people,
    explanations,
    conversions,
    bans,
    replays,
    rejected,
    desk,
    wallet,
    cloudevents,
    wechat,
    stores,
    json_mapping,
)

CONSOLE = (console_review, console_desk, console_person, console_replays)  # pages for operators; not part of the API
WALLET = (wallet_pages,)  # pages for people; not part of the API


def app(settings: Settings | None = None, follower: CatalogFollower | None = None) -> Flask:
    """The app; `settings` default to those of the environment. Call it in the process that serves the app."""
    settings = settings or Settings.from_env()
    configure_logs(SERVICE, settings)
    flask_app = create_app(SERVICE, settings, title="Conversion tracker", blueprints=BLUEPRINTS, follower=follower)
    _add_event_schemas(flask_app)
    init_app(flask_app)
    for views in (*CONSOLE, *WALLET):
        flask_app.register_blueprint(views)
    _mount_ingest_fast_path(flask_app, settings)
    return flask_app


def _mount_ingest_fast_path(app: Flask, settings: Settings) -> None:
    def send(lines: list[KeyedLine], people: PeopleChanges) -> None:
        mine: Dependencies = app.extensions[SERVICE]
        mine.publish_events(lines, people)

    mine: Dependencies = app.extensions[SERVICE]
    shared: Context = app.extensions["referral"]
    mount_fast_path(
        app,
        SERVICE,
        "POST",
        ROUTE,
        ingest_fast_path(
            mine.event_validator,
            mine.catalog_snapshot,
            shared.clock,
            send,
            shared.body_readers,
            settings.max_body,
            shared.key_uses,
        ),
    )


def _add_event_schemas(app: Flask) -> None:
    """Adds the schemas of the event types, which are msgspec structs; flask-smorest adds only marshmallow schemas."""
    spec = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec
    for name, schema in (SCHEMAS | ROWS_SCHEMA).items():
        spec.components.schema(name, schema)
