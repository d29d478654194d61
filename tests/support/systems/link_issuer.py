"""Link-issuer on a broker and a Redis of the test's own: its app in the test process, and clients for platforms and people."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from flask import Flask
from werkzeug.test import TestResponse

from link_issuer.http_api.app import SERVICE
from link_issuer.http_api.app import app as make_app
from link_issuer.http_api.dependencies import Dependencies
from link_issuer.store import Store
from referral.catalog.writer import CatalogWriter
from referral.config import Settings
from referral.events.facts import ClickReclassed, ContentShared, LinkClicked
from referral.http.context import Context
from referral.log.publisher import Publisher
from referral.people.people_writer import PeopleWriter
from referral.topics import EVENTS
from tests.support.log_reader import read_lines
from tests.support.records import write_records
from tests.support.settings import api_key, without_log

PROGRAM = "prg_x"
RULES: dict[str, Any] = {
    "id": PROGRAM,
    "name": {"en": "X"},
    "timezone": "Asia/Shanghai",
    "target_url": "https://example.com/follow?from=link",
    "channels": ["wechat"],
    "content": [
        {
            "id": "hacks",
            "format": "helpful",
            "mechanics": ["practical_value"],
            "ctas": [{"id": "tag", "placement": "caption", "text": {"en": "Tag a friend"}}],
        }
    ],
    "partners": [{"id": "kol_lin", "kind": "influencer", "channel": "wechat"}],
}
KEYS = [
    api_key("admin", "admin"),
    api_key("links", "links:write", "read"),
    api_key("reader", "read"),
    api_key("events", "events:write"),
    api_key("elsewhere", "admin", programs=("prg_other",)),
    api_key("privacy", "privacy"),
]


@dataclass
class LinkIssuer:
    """The app, and the log that it writes to."""

    app: Flask
    settings: Settings

    def request(self, method: str, path: str, body: object = None, key: str = "admin", **more: Any) -> TestResponse:
        """Returns the response to a request with an API key; a body is sent as JSON."""
        headers = {"Authorization": f"Bearer rk_{key}", **more.pop("headers", {})}
        return self.app.test_client().open(path, method=method, json=body, headers=headers, **more)

    def apply(self, rules: dict[str, Any], query: str = "", **more: Any) -> TestResponse:
        """Returns the response to a program that is applied."""
        return self.request("PUT", f"/v1/programs/{rules['id']}{query}", rules, **more)

    def enrol(self, body: object, program: str = PROGRAM, key: str = "links") -> TestResponse:
        """Returns the response to the enrolment of one participant or many."""
        return self.request("POST", f"/v1/programs/{program}/participants", body, key)

    def enrol_amy(self, **more: object) -> dict[str, Any]:
        """Enrols Amy; returns her resource."""
        answer: dict[str, Any] = self.enrol({"external_id": "xhs:amy", "display_name": "Amy", **more}).get_json()
        return answer

    def link(self, participant: str, **wish: object) -> TestResponse:
        """Returns the response to a new link of a participant."""
        return self.request("POST", f"/v1/participants/{participant}/links", wish, "links")

    def open(self, path: str, method: str = "GET", **headers: str) -> TestResponse:
        """Returns the response to a link that is opened as in a browser, without an API key."""
        sent = {"Accept": "text/html", "User-Agent": "Mozilla/5.0 (iPhone)"} | {
            k.replace("_", "-"): v for k, v in headers.items()
        }
        return self.app.test_client().open(path, method=method, headers=sent)

    def clicks(self) -> list[LinkClicked]:
        """Returns all clicks on the log."""
        return [line for line in self.facts() if isinstance(line, LinkClicked)]

    def facts(self) -> list[LinkClicked | ContentShared | ClickReclassed]:
        """Returns all clicks, shares and click corrections on the log."""
        lines = read_lines(self.settings, EVENTS)
        return [msgspec.json.decode(line, type=LinkClicked | ContentShared | ClickReclassed) for _, line in lines]

    @contextmanager
    def with_unwritable_catalog(self) -> Iterator[None]:
        """The catalog and people can be read but not written until the block ends."""
        own, here = self.collaborators, self.context
        nowhere = CatalogWriter(without_log(self.settings), here.clock)
        people = PeopleWriter(without_log(self.settings), here.clock)
        self.app.extensions[SERVICE] = replace(own, store=Store(here.follower, nowhere, people, here.redis))
        try:
            yield
        finally:
            self.app.extensions[SERVICE] = own

    @contextmanager
    def with_unwritable_events(self) -> Iterator[None]:
        """No event can be written to the log until the block ends."""
        own, here = self.collaborators, self.context
        nowhere = Publisher(without_log(self.settings), here.clock)
        self.app.extensions[SERVICE] = replace(own, redirect_resolver=replace(own.redirect_resolver, publisher=nowhere))
        try:
            yield
        finally:
            self.app.extensions[SERVICE] = own
            nowhere.close()

    @property
    def context(self) -> Context:
        """The app's dependencies that all services have."""
        found: Context = self.app.extensions["referral"]
        return found

    @property
    def collaborators(self) -> Dependencies:
        """The app's dependencies that only this service has."""
        found: Dependencies = self.app.extensions[SERVICE]
        return found


@contextmanager
def serve_link_issuer(settings: Settings) -> Iterator[LinkIssuer]:
    """Yields the service over a catalog that holds only the API keys."""
    write_records(settings, KEYS)
    system = LinkIssuer(make_app(settings), settings)
    try:
        system.context.follower.read_to_end(30)
        yield system
    finally:
        system.context.close()
