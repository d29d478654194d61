"""Conversion-tracker on a broker and a Redis of the test's own: its app in the test process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Flask
from werkzeug.test import TestResponse

from conversion_tracker.app import SERVICE
from conversion_tracker.app import app as make_app
from conversion_tracker.dependencies import Dependencies
from referral.config import Settings
from referral.events.ids import derive_id
from referral.fold.lag import FoldSource, lag_by_fold
from referral.http.context import Context
from referral.log.connection import create_consumer
from referral.people.known_people import known_people
from referral.topics import TOPICS
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, BO, PROFILES, PROGRAM
from tests.support.log_reader import read_lines
from tests.support.records import DirectoryRecord, write_records
from tests.support.redis_servers import matching_keys
from tests.support.settings import api_key
from tests.support.waiting import wait_until

MODULE = "conversion_tracker"
FOLDS = (FoldSource("ct", "attribute", "events"), FoldSource("ct", "screen", "attributions"))
CATALOG: tuple[DirectoryRecord, ...] = (
    program_version(),
    AMY,
    BO,
    *PROFILES[:2],
    api_key("all", "admin"),
    api_key("reader", "read"),
    api_key("elsewhere", "events:write", programs=("prg_other",)),
    api_key("expired", "admin", expires_at=datetime(2026, 11, 2, tzinfo=UTC)),
)


def event(person: str, kind: str = "person.followed", **more: object) -> dict[str, object]:
    """Returns the body of an event that happened now; `number` makes its id unique, `more` are further fields."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    number = more.pop("number", 0)
    fact = {
        "id": derive_id("evt", person, kind, str(number)),
        "type": kind,
        "program": PROGRAM,
        "person": person,
        "occurred_at": now,
    }
    return {**fact, **more}


@dataclass
class ConversionTracker:
    """The app, and the log that it writes to."""

    app: Flask
    settings: Settings

    def post(self, body: object, secret: str = "rk_all", mimetype: str = "application/json") -> TestResponse:
        """Returns the response to posted events: bytes are sent as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {secret}"}
        return self.app.test_client().post("/v1/events", data=data, headers=headers, content_type=mimetype)

    def get(self, path: str, secret: str = "rk_all") -> TestResponse:
        """Returns the response to a GET request."""
        return self.app.test_client().get(path, headers={"Authorization": f"Bearer {secret}"})

    def person(self, person: str) -> Any:
        """Returns a person's resource; None if there is none."""
        answer = self.get(f"/v1/programs/{PROGRAM}/people/{person}")
        return answer.get_json() if answer.status_code == 200 else None

    def lines(self, topic: str) -> list[tuple[int, bytes]]:
        """Returns all lines of a topic with their partitions."""
        return read_lines(self.settings, TOPICS[topic])

    def decoded(self, topic: str) -> list[dict[str, Any]]:
        """Returns all lines of a topic as JSON, without clock ticks."""
        lines = [msgspec.json.decode(line) for _, line in self.lines(topic)]
        return [line for line in lines if line["type"] != "clock.ticked"]

    def named(self, topic: str) -> list[dict[str, Any]]:
        """Returns the same with the external id of each person in place of the person id."""
        lines = self.decoded(topic)
        self.context.follower.read_to_end(30)
        people = known_people({line["person"] for line in lines}, self.context.people)
        named = {id: known.external_id for id, known in people.items() if known}
        return [line | {"person": named[line["person"]]} for line in lines]

    def wait_until_folded(self) -> None:
        """Returns once both folds have folded everything on their topics."""
        redis = self.context.redis
        reader = create_consumer(self.settings)
        try:
            for fold in FOLDS:
                wait_until(lambda fold=fold: not any(lag_by_fold(self.settings, reader, redis, [fold]).values()))  # type: ignore[misc]
        finally:
            reader.close()

    def fold_states(self) -> dict[bytes, bytes]:
        """Returns every value state in Redis by key."""
        redis = self.context.redis
        return {name: redis.get(name) for name in matching_keys(redis, "ct:*") if redis.type(name) == b"string"}  # type: ignore[misc]

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
def serve_conversion_tracker(settings: Settings, *records: DirectoryRecord) -> Iterator[ConversionTracker]:
    """Yields the service over a directory of these records, or of the Glow program, Amy, Bo and API keys."""
    write_records(settings, records or CATALOG)
    system = ConversionTracker(make_app(settings), settings)
    try:
        system.context.follower.read_to_end(30)
        yield system
    finally:
        system.collaborators.publisher.close()
        system.context.follower.stop()
