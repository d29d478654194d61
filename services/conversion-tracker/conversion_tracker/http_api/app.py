"""The HTTP app of conversion-tracker, wired."""

from flask import Flask

from conversion_tracker.http_api import bans, conversions, events, explanations, people, replays
from conversion_tracker.http_api.adapters import cloudevents, generic, wechat
from conversion_tracker.http_api.collaborators import Collaborators, equip
from conversion_tracker.http_api.events_documented import SCHEMAS
from conversion_tracker.http_api.front import ROUTE, front
from conversion_tracker.http_api.inspection import KeyedLine
from referral.config import Settings
from referral.http.app import create_app
from referral.http.fast_path import mount_fast_path
from referral.telemetry.logs import configure_logs

SERVICE = "conversion-tracker"
BLUEPRINTS = (
    events.blueprint,
    people.blueprint,
    explanations.blueprint,
    conversions.blueprint,
    bans.blueprint,
    replays.blueprint,
    cloudevents.blueprint,
    wechat.blueprint,
    generic.blueprint,
)


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
