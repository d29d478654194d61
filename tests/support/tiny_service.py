"""A small service created by the app factory, for the tests of referral.http."""

import dataclasses
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from flask import Flask, Response, request
from marshmallow import Schema, fields
from redis.exceptions import ClusterDownError, MovedError, OutOfMemoryError, ResponseError, TryAgainError

from referral.catalog.memory_follower import MemoryFollower
from referral.config import Settings
from referral.events.entities import ProgramVersion
from referral.events.program import Program
from referral.http.api_keys import requires
from referral.http.app import create_app
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.paging import Page, PageQuery, decode_offset, encode_cursor
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.require import require_program
from referral.http.responses import Timestamp, response
from referral.log.errors import NotDurable, Overloaded
from tests.support.settings import UNREACHABLE, api_key

SMALL_BODIES = dataclasses.replace(UNREACHABLE, max_body=2048)


class _Inner(Schema):
    text = fields.String(required=True)


class _Thing(Schema):
    number = fields.Integer(required=True)
    inner = fields.List(fields.Nested(_Inner))


class _ItemBody(Schema):
    name = fields.String(required=True)


class Item(msgspec.Struct):
    """An item, as the API returns it."""

    id: Annotated[int, msgspec.Meta(description="Its number, from 1.", examples=[1])]
    name: str
    made_at: Timestamp
    note: str | None


class Items(Page[Item]):
    """A page of items, the oldest first."""


EXAMPLE_ITEM = Item(1, "kettle", datetime(2026, 11, 24, 8, tzinfo=UTC), None)


KEYS = (
    api_key("reader", "read", secret="reader"),
    api_key("writer", "links:write", secret="writer"),
    api_key("admin", "admin", secret="admin"),
    api_key("bound", "links:write", "read", programs=("prg_glow",), secret="bound"),
    api_key("revoked", "admin", revoked=True, secret="revoked"),
    api_key("expired", "admin", expires_at=datetime(2026, 11, 2, tzinfo=UTC), secret="expired"),
    api_key("expiring", "admin", expires_at=datetime(9999, 1, 1, tzinfo=UTC), secret="expiring"),
)


GLOW = Program(
    id="prg_glow", name={"en": "Glow"}, timezone="UTC", target_url="https://example.com/follow", channels=("wechat",)
)
PROGRAM = ProgramVersion(recorded_at=EXAMPLE_ITEM.made_at, program=GLOW, version=1, effective_from=EXAMPLE_ITEM.made_at)


def tiny_service(settings: Settings = SMALL_BODIES, service: str = "tiny") -> Flask:
    """Returns the app. Its catalog has KEYS and PROGRAM; the settings name Kafka and Redis."""
    return create_app(
        service, settings, title="Tiny", blueprints=[_blueprint()], follower=MemoryFollower((*KEYS, PROGRAM))
    )


def headers(secret: str, **more: str) -> dict[str, str]:
    """Returns request headers with a key; underscores in names become hyphens."""
    return {"Authorization": f"Bearer {secret}"} | {name.replace("_", "-"): value for name, value in more.items()}


def _blueprint() -> Blueprint:
    blueprint = Blueprint("tiny", __name__)
    created: list[int] = []
    slow_requests: list[int] = []

    @blueprint.post("/v1/programs/<program>/things")
    @requires("links:write")
    @idempotent
    @blueprint.arguments(_Thing)
    @blueprint.response(201, _Thing)
    def make(thing: dict[str, object], program: str) -> tuple[dict[str, object], int, dict[str, str]]:
        """Creates a thing; `number` counts up, so that a second creation is visible."""
        created.append(1)
        return {"number": len(created)}, 201, {"Location": f"/v1/programs/{program}/things/{len(created)}"}

    @blueprint.get("/v1/things")
    @requires("read")
    @blueprint.arguments(PageQuery, location="query")
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
            "failover": ClusterDownError("Hash slot not served"),
            "moved": MovedError("7 127.0.0.1:1"),
            "moving": TryAgainError("Multiple keys request during rehashing of slot"),
            "teapot": Problem(418, "teapot", "I am a teapot. Ask for tea."),
        }[how]

    @blueprint.get("/v1/slow")
    @without_rate_limit
    def slow() -> Response:
        """Responds after a second; /v1/waiting counts the calls."""
        slow_requests.append(1)
        time.sleep(1)
        return Response(b"at last", mimetype="text/plain")

    @blueprint.get("/v1/waiting")
    @without_rate_limit
    def count_slow_requests() -> Response:
        """Returns how many slow requests were started."""
        return Response(str(len(slow_requests)), mimetype="text/plain")

    @blueprint.get("/v1/at-end")
    @without_rate_limit
    def touch_at_end() -> Response:
        """Creates a file when the process stops serving."""
        context().on_close(Path(request.args["path"]).touch)
        return Response(b"registered", mimetype="text/plain")

    _add_hot_views(blueprint)
    _add_items(blueprint)
    return blueprint


def _add_items(blueprint: Blueprint) -> None:
    """A resource with struct responses: made with an idempotency key, or replaced; listed in pages."""
    items: list[Item] = []

    @blueprint.put("/v1/programs/<program>/items")
    @requires("links:write")
    @idempotent
    @blueprint.arguments(_ItemBody)
    @response(Item, 201, description="A new item.", example=EXAMPLE_ITEM)
    @response(Item, 200, description="An item of this name existed.", examples={"kettle": EXAMPLE_ITEM})
    @blueprint.alt_response(404, description="Unknown program.")
    def put_item(body: dict[str, str], program: str) -> Item | tuple[Item, int, dict[str, str]]:
        """Adds an item to the list, unless one of this name is in it."""
        require_program(program)
        known = next((item for item in items if item.name == body["name"]), None)
        if known is not None:
            return known
        items.append(Item(len(items) + 1, body["name"], EXAMPLE_ITEM.made_at, None))
        return items[-1], 201, {"Location": f"/v1/items/{len(items)}"}

    @blueprint.get("/v1/items")
    @requires("read")
    @blueprint.arguments(PageQuery, location="query")
    @response(Items)
    def list_items(page: dict[str, object]) -> Items:
        """Returns a page of the items."""
        start = decode_offset(page["cursor"])
        end = start + int(str(page["limit"]))
        return Items(items[start:end], encode_cursor(end) if end < len(items) else None)


def _add_hot_views(blueprint: Blueprint) -> None:
    @blueprint.get("/v1/hot")
    @without_rate_limit
    def hot() -> Response:
        """Responds at once."""
        return Response(b"ok", mimetype="text/plain")

    @blueprint.post("/v1/open")
    @without_rate_limit
    def count_bytes() -> Response:
        """Returns the length of the body, which needs no key."""
        return Response(str(len(request.get_data())), mimetype="text/plain")

    @blueprint.get("/v1/hot/mine")
    @without_rate_limit
    @requires("read")
    def hot_mine() -> Response:
        """Responds at once to a valid key."""
        return Response(b"ok", mimetype="text/plain")


def make_app() -> Flask:
    """Returns the app for a server process: settings from the environment."""
    return tiny_service(Settings.from_env())
