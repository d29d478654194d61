"""Conversion-tracker on a broker and a Redis of the test's own: its app in this process, its folds in processes of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Flask
from kafka import TopicPartition
from werkzeug.test import TestResponse

from conversion_tracker.app import SERVICE
from conversion_tracker.app import app as make_app
from conversion_tracker.dependencies import Dependencies
from referral.catalog.writer import CatalogWriter
from referral.clock import SystemClock
from referral.config import Settings
from referral.events.entities import ApiKey, CatalogEntity
from referral.fold.lag import FoldSource, lag_by_fold
from referral.http.bearer_token import secret_digest
from referral.http.context import Context
from referral.log.connection import create_consumer
from referral.log.records import split
from referral.log.topic_admin import partition_count
from referral.topics import TOPICS
from tests.support.builders.conversion_tracker import AMY, BO, PROGRAM, START, version
from tests.support.waiting import until

FOLDS = (FoldSource("ct", "attribute", "events"), FoldSource("ct", "screen", "attributions"))


def key(name: str, *scopes: str, programs: tuple[str, ...] = ()) -> ApiKey:
    """An API key whose secret is `rk_` and its name."""
    return ApiKey(
        recorded_at=START,
        id=f"key_{name}",
        digest=secret_digest(f"rk_{name}"),
        name=name,
        scopes=scopes,
        programs=programs,
    )


CATALOG: tuple[CatalogEntity, ...] = (
    version(),
    AMY,
    BO,
    key("all", "admin"),
    key("reader", "read"),
    key("elsewhere", "events:write", programs=("prg_other",)),
)


def event(person: str, kind: str = "person.followed", **more: object) -> dict[str, object]:
    """An event that happened now."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    number = more.pop("number", 0)
    fact = {
        "id": f"evt_{person}_{kind}_{number}",
        "type": kind,
        "program": PROGRAM,
        "person": person,
        "occurred_at": now,
    }
    return {**fact, **more}


@dataclass
class System:
    """The app, and the log it writes to."""

    app: Flask
    settings: Settings

    def post(self, body: object, secret: str = "rk_all", mimetype: str = "application/json") -> TestResponse:
        """Posts events: bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {secret}"}
        return self.app.test_client().post("/v1/events", data=data, headers=headers, content_type=mimetype)

    def get(self, path: str, secret: str = "rk_all") -> TestResponse:
        """Asks for something."""
        return self.app.test_client().get(path, headers={"Authorization": f"Bearer {secret}"})

    def person(self, person: str) -> Any:
        """What is known of a person; None where nothing is."""
        answer = self.get(f"/v1/programs/{PROGRAM}/people/{person}")
        return answer.get_json() if answer.status_code == 200 else None

    def lines(self, topic: str) -> list[tuple[int, bytes]]:
        """All lines of a topic with their partitions."""
        reader = create_consumer(self.settings)
        places = [
            TopicPartition(self.settings.topic_prefix + topic, number)
            for number in range(partition_count(TOPICS[topic], self.settings))
        ]
        try:
            reader.assign(places)
            reader.seek_to_beginning(*places)
            ends, found = reader.end_offsets(places), []
            while any(reader.position(place) < ends[place] for place in places):
                for place, records in reader.poll(timeout_ms=200).items():
                    found += [(place.partition, line) for record in records for line in split(record.value)]
            return found
        finally:
            reader.close()

    def decoded(self, topic: str) -> list[dict[str, Any]]:
        """All lines of a topic, clock ticks left out."""
        lines = [msgspec.json.decode(line) for _, line in self.lines(topic)]
        return [line for line in lines if line["type"] != "clock.ticked"]

    def drained(self) -> None:
        """Returns once both folds have folded all there is."""
        redis = self.context.redis
        reader = create_consumer(self.settings)
        try:
            for fold in FOLDS:
                until(lambda fold=fold: not any(lag_by_fold(self.settings, reader, redis, [fold]).values()))  # type: ignore[misc]
        finally:
            reader.close()

    def states(self) -> dict[bytes, bytes]:
        """Everything that the folds keep."""
        redis = self.context.redis
        return {name: redis.get(name) for name in redis.scan_iter("ct:*") if redis.type(name) == b"string"}  # type: ignore[misc]

    @property
    def context(self) -> Context:
        """The app's collaborators."""
        found: Context = self.app.extensions["referral"]
        return found

    @property
    def own(self) -> Dependencies:
        """The service's own."""
        found: Dependencies = self.app.extensions[SERVICE]
        return found


@contextmanager
def served(settings: Settings, *entities: CatalogEntity) -> Iterator[System]:
    """The app over a catalog with the Glow program, Amy, Bo and three API keys."""
    writer = CatalogWriter(settings, SystemClock())
    writer.write(entities or CATALOG, timeout=10)
    writer.close()
    system = System(make_app(settings), settings)
    try:
        system.context.follower.read_to_end(10)
        yield system
    finally:
        system.own.publisher.close()
        system.context.follower.stop()


@contextmanager
def folding(environ: Mapping[str, str], name: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m conversion_tracker fold NAME` while the block lasts."""
    command = [sys.executable, "-m", "conversion_tracker", "fold", name]
    process = subprocess.Popen(command, env={**os.environ, **environ})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
