"""Link-issuer on a broker and a Redis of the test's own: its app in this process, as a platform and as people meet it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Flask
from kafka import TopicPartition
from werkzeug.test import TestResponse

from link_issuer.http_api.app import SERVICE
from link_issuer.http_api.app import app as make_app
from link_issuer.http_api.dependencies import Dependencies
from link_issuer.store import Store
from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.entities import ApiKey
from referral.events.facts import ClickReclassed, ContentShared, LinkClicked
from referral.http.bearer_token import secret_digest
from referral.http.context import Context
from referral.log.connection import create_consumer
from referral.log.publisher import Publisher
from referral.log.records import split
from referral.log.topic_admin import partition_count
from referral.topics import EVENTS

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
_now = datetime.now(UTC)
KEYS = [
    ApiKey(
        recorded_at=_now,
        id=f"key_{name}",
        digest=secret_digest(f"rk_{name}"),
        name=name,
        scopes=scopes,
        programs=programs,
    )
    for name, scopes, programs in (
        ("admin", ("admin",), ()),
        ("links", ("links:write", "read"), ()),
        ("reader", ("read",), ()),
        ("events", ("events:write",), ()),
        ("elsewhere", ("admin",), ("prg_other",)),
    )
]


@dataclass
class System:
    """The app, and the log it writes to."""

    app: Flask
    settings: Settings

    def ask(self, method: str, path: str, body: object = None, key: str = "admin", **more: Any) -> TestResponse:
        """Asks with an API key; a body is sent as JSON."""
        headers = {"Authorization": f"Bearer rk_{key}", **more.pop("headers", {})}
        return self.app.test_client().open(path, method=method, json=body, headers=headers, **more)

    def apply(self, rules: dict[str, Any], query: str = "", **more: Any) -> TestResponse:
        """Applies a program."""
        return self.ask("PUT", f"/v1/programs/{rules['id']}{query}", rules, **more)

    def enrol(self, body: object, program: str = PROGRAM, key: str = "links") -> TestResponse:
        """Enrols one or many."""
        return self.ask("POST", f"/v1/programs/{program}/participants", body, key)

    def amy(self, **more: object) -> dict[str, Any]:
        """Amy, enrolled."""
        answer: dict[str, Any] = self.enrol({"external_id": "xhs:amy", "display_name": "Amy", **more}).get_json()
        return answer

    def link(self, participant: str, **wish: object) -> TestResponse:
        """Makes a link."""
        return self.ask("POST", f"/v1/participants/{participant}/links", wish, "links")

    def open(self, path: str, method: str = "GET", **headers: str) -> TestResponse:
        """Opens a link as a browser does, without a key."""
        sent = {"Accept": "text/html", "User-Agent": "Mozilla/5.0 (iPhone)"} | {
            k.replace("_", "-"): v for k, v in headers.items()
        }
        return self.app.test_client().open(path, method=method, headers=sent)

    def clicks(self) -> list[LinkClicked]:
        """All clicks on the log."""
        return [line for line in self.facts() if isinstance(line, LinkClicked)]

    def facts(self) -> list[LinkClicked | ContentShared | ClickReclassed]:
        """All clicks, shares and corrections on the log."""
        reader = create_consumer(self.settings)
        places = [
            TopicPartition(self.settings.topic_prefix + EVENTS.name, n)
            for n in range(partition_count(EVENTS, self.settings))
        ]
        try:
            reader.assign(places)
            reader.seek_to_beginning(*places)
            ends, lines = reader.end_offsets(places), []
            while any(reader.position(place) < ends[place] for place in places):
                for records in reader.poll(timeout_ms=200).values():
                    lines += [line for record in records for line in split(record.value)]
            return [msgspec.json.decode(line, type=LinkClicked | ContentShared | ClickReclassed) for line in lines]
        finally:
            reader.close()

    @contextmanager
    def deaf_log(self) -> Iterator[None]:
        """While this lasts the catalog can be read, and takes nothing."""
        own, here = self.own, self.context
        nowhere = CatalogWriter(replace(self.settings, kafka="127.0.0.1:1"), here.clock)
        self.app.extensions[SERVICE] = replace(own, store=Store(here.follower, nowhere, here.redis))
        try:
            yield
        finally:
            self.app.extensions[SERVICE] = own

    @contextmanager
    def deaf_events(self) -> Iterator[None]:
        """While this lasts no fact reaches the log."""
        own, here = self.own, self.context
        nowhere = Publisher(replace(self.settings, kafka="127.0.0.1:1"), here.clock)
        self.app.extensions[SERVICE] = replace(own, redirect_resolver=replace(own.redirect_resolver, publisher=nowhere))
        try:
            yield
        finally:
            self.app.extensions[SERVICE] = own
            nowhere.close()

    @property
    def context(self) -> Context:
        """What all services have."""
        found: Context = self.app.extensions["referral"]
        return found

    @property
    def own(self) -> Dependencies:
        """What this one has."""
        found: Dependencies = self.app.extensions[SERVICE]
        return found


@contextmanager
def served(settings: Settings) -> Iterator[System]:
    """The app over a catalog that holds the API keys."""
    writer = CatalogWriter(settings, SystemClock())
    writer.write(KEYS, timeout=10)
    writer.close()
    system = System(make_app(settings), settings)
    try:
        system.context.follower.read_to_end(10)
        yield system
    finally:
        system.context.close()
