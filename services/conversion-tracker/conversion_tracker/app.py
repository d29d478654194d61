"""The HTTP app of conversion-tracker, wired."""

from flask import Flask

from conversion_tracker.attribution.api import blueprint as people
from conversion_tracker.bans.api import blueprint as bans
from conversion_tracker.dependencies import Collaborators, equip
from conversion_tracker.explain.api import blueprint as explanations
from conversion_tracker.ingest.adapters.cloudevents.api import blueprint as cloudevents
from conversion_tracker.ingest.adapters.json_mapping.api import blueprint as json_mapping
from conversion_tracker.ingest.adapters.wechat.api import blueprint as wechat
from conversion_tracker.ingest.api import blueprint as events
from conversion_tracker.ingest.events_openapi import SCHEMAS
from conversion_tracker.ingest.fast_path import ROUTE, front
from conversion_tracker.ingest.validation import KeyedLine
from conversion_tracker.replay.api import blueprint as replays
from conversion_tracker.screening.api import blueprint as conversions
from referral.config import Settings
from referral.http.app import create_app
from referral.http.fast_path import mount_fast_path
from referral.telemetry.logs import configure_logs

SERVICE = "conversion-tracker"
BLUEPRINTS = (events, people, explanations, conversions, bans, replays, cloudevents, wechat, json_mapping)


def app(settings: Settings | None = None) -> Flask:
    """The app with these settings, else those of the environment. Make it in the process that serves it."""
    chosen = settings or Settings.from_env()
    configure_logs(SERVICE, chosen)
    made = create_app(SERVICE, chosen, title="Conversion tracker", blueprints=BLUEPRINTS)
    _document_facts(made)
    equip(made)
    _put_in_front(made, chosen)
    return made


def _put_in_front(app: Flask, settings: Settings) -> None:
    def send(lines: list[KeyedLine]) -> None:
        mine: Collaborators = app.extensions[SERVICE]
        mine.send(lines)

    mine: Collaborators = app.extensions[SERVICE]
    clock = app.extensions["referral"].clock
    mount_fast_path(app, SERVICE, "POST", ROUTE, front(mine.inspector, mine.known, clock, send, settings.max_body))


def _document_facts(app: Flask) -> None:
    """The facts' schemas come from their msgspec types; flask-smorest knows only marshmallow's."""
    spec = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec
    for name, schema in SCHEMAS.items():
        spec.components.schema(name, schema)
