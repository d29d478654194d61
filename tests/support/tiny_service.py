"""A service with a few views, made by the app factory, for the tests of the factory."""

import dataclasses
import time
from pathlib import Path

from flask import Flask, Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from redis.exceptions import OutOfMemoryError, ResponseError

from referral.catalog.memory import MemoryFollower
from referral.config import Settings
from referral.http.app import create_app
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.keys import requires
from referral.http.limits import unlimited
from referral.http.problems import Problem
from referral.log.errors import NotDurable, Overloaded
from tests.support.settings import UNREACHABLE, api_key

SMALL_BODIES = dataclasses.replace(UNREACHABLE, max_body=2048)


class _Inner(Schema):
    text = fields.String(required=True)


class _Thing(Schema):
    number = fields.Integer(required=True)
    inner = fields.List(fields.Nested(_Inner))


class _Page(Schema):
    limit = fields.Integer(load_default=10)


KEYS = (
    api_key("reader", "read", secret="reader"),
    api_key("writer", "links:write", secret="writer"),
    api_key("admin", "admin", secret="admin"),
    api_key("bound", "links:write", "read", programs=("prg_glow",), secret="bound"),
    api_key("revoked", "admin", revoked=True, secret="revoked"),
)


def tiny_service(settings: Settings = SMALL_BODIES, service: str = "tiny") -> Flask:
    """Returns the app; its catalog holds KEYS."""
    return create_app(service, settings, title="Tiny", blueprints=[_blueprint()], follower=MemoryFollower(KEYS))


def headers(secret: str, **more: str) -> dict[str, str]:
    """Returns request headers with an API key; underscores in names become hyphens."""
    return {"Authorization": f"Bearer {secret}"} | {name.replace("_", "-"): value for name, value in more.items()}


def _blueprint() -> Blueprint:
    blueprint = Blueprint("tiny", __name__)
    made: list[int] = []
    waiting: list[int] = []

    @blueprint.post("/v1/programs/<program>/things")
    @requires("links:write")
    @idempotent
    @blueprint.arguments(_Thing)
    @blueprint.response(201, _Thing)
    def make(thing: dict[str, object], program: str) -> tuple[dict[str, object], int, dict[str, str]]:
        """Creates a thing; `number` counts up, so that a second creation is visible."""
        made.append(1)
        return {"number": len(made)}, 201, {"Location": f"/v1/programs/{program}/things/{len(made)}"}

    @blueprint.get("/v1/things")
    @requires("read")
    @blueprint.arguments(_Page, location="query")
    @blueprint.response(200, _Thing)
    def things(page: dict[str, int]) -> dict[str, int]:
        """Returns the limit."""
        return {"number": page["limit"]}

    @blueprint.get("/v1/broken/<how>")
    def broken(how: str) -> Response:
        """Raises."""
        raise {
            "bug": ZeroDivisionError("secret inside"),
            "log": NotDurable("no acknowledgement"),
            "busy": Overloaded("20000 lines wait"),
            "redis": ResponseError("value is out of range"),
            "full": OutOfMemoryError("command not allowed when used memory > 'maxmemory'"),
            "teapot": Problem(418, "teapot", "I am a teapot. Ask for tea."),
        }[how]

    @blueprint.get("/v1/slow")
    @unlimited
    def slow() -> Response:
        """Takes a second; /v1/waiting counts the requests that have begun."""
        waiting.append(1)
        time.sleep(1)
        return Response(b"at last", mimetype="text/plain")

    @blueprint.get("/v1/waiting")
    @unlimited
    def waiting_count() -> Response:
        """Returns the number of slow requests."""
        return Response(str(len(waiting)), mimetype="text/plain")

    @blueprint.get("/v1/at-end")
    @unlimited
    def at_end() -> Response:
        """Creates a file when the process stops serving."""
        context().at_end(Path(request.args["path"]).touch)
        return Response(b"accepted", mimetype="text/plain")

    _add_hot_views(blueprint)
    return blueprint


def _add_hot_views(blueprint: Blueprint) -> None:
    @blueprint.get("/v1/hot")
    @unlimited
    def hot() -> Response:
        """Responds immediately."""
        return Response(b"ok", mimetype="text/plain")

    @blueprint.get("/v1/hot/mine")
    @unlimited
    @requires("read")
    def hot_mine() -> Response:
        """Responds immediately to a request with an API key."""
        return Response(b"ok", mimetype="text/plain")


def make_app() -> Flask:
    """Returns the app with settings from the environment, as a server makes it."""
    return tiny_service(Settings.from_env())
