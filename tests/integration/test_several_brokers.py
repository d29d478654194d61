"""Three brokers: topics with replicas, writes while one is away, and honest refusals where too few have a partition."""

import time
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from kafka import TopicPartition
from werkzeug.test import TestResponse

from referral.config import Settings
from referral.log.connection import create_admin_client
from referral.log.errors import NotDurable, Overloaded
from referral.log.present_topics import describe_present_topics
from referral.log.publisher import Publisher
from referral.log.topic_admin import ensure_topics
from referral.log.topic_differences import IN_SYNC
from referral.log.topic_visibility import TopicsNotReported, wait_until_reported, wait_until_set
from referral.topics import EVENTS, TOPICS
from referral_tools.cli import main
from referral_tools.stack.kafka_cluster import LocalKafkaCluster
from tests.support.builders.participants import person_id
from tests.support.log_reader import read_lines
from tests.support.settings import SIGNING_KEY
from tests.support.systems.conversion_tracker import event, serve_conversion_tracker
from tests.support.waiting import is_within, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(brokers: LocalKafkaCluster, redis_url: str, topic_prefix: str, tmp_path: Path) -> Settings:
    """Returns the settings of a system on three brokers; its topics do not exist yet."""
    return Settings(
        signing_key=SIGNING_KEY,
        kafka=brokers.servers,
        redis=redis_url,
        topic_prefix=topic_prefix,
        partitions=3,
        replication=3,
        directory=str(tmp_path / "directory"),
    )


def run(command: str, settings: Settings, *options: str) -> Result:
    """Runs a command of `referral topics`."""
    environ = {
        "REFERRAL_KAFKA": settings.kafka,
        "REFERRAL_TOPIC_PREFIX": settings.topic_prefix,
        "REFERRAL_PARTITIONS": str(settings.partitions),
        "REFERRAL_REPLICATION": str(settings.replication),
    }
    return CliRunner().invoke(main, ["topics", command, *options], env=environ)


def own_topics(settings: Settings, output: str) -> str:
    """The lines of an output about this test's topics: the brokers have those of other tests too."""
    return "\n".join(line for line in output.splitlines() if settings.topic_prefix in line)


def test_topics_have_three_replicas_and_the_doctor_notices_a_broker_that_is_away(
    settings: Settings, brokers: LocalKafkaCluster
) -> None:
    """Two of them in sync are required; the positions of consumer groups are on three brokers too."""
    assert run("ensure", settings).exit_code == 0
    shown = run("show", settings).stdout
    assert shown.startswith("3 brokers: 1, 2, 3")
    assert f"{settings.topic_prefix}events" in shown
    read_lines(settings, EVENTS)
    healthy = run("doctor", settings)
    assert healthy.exit_code == 0, healthy.output
    brokers.kill(2)
    wait_until(lambda: "2 brokers are running" in run("doctor", settings).stdout)
    assert "is behind or away" in own_topics(settings, run("doctor", settings).stdout)
    brokers.begin_start()
    wait_until(lambda: run("doctor", settings).exit_code == 0)


def test_topics_that_were_ensured_are_reported_by_every_broker(settings: Settings) -> None:
    """A service that starts next may ask any of them; what a broker does not report is named with its number."""
    ensure_topics(settings)
    names = [settings.topic_prefix + name for name in TOPICS]
    client = create_admin_client(settings)
    wait_until_reported(client, names, 0)
    wait_until_set(client, {name: {IN_SYNC: "2"} for name in names}, 0)
    with pytest.raises(TopicsNotReported, match=r"broker 1 does not report no-such-topic after 0 s"):
        wait_until_reported(client, [*names, "no-such-topic"], 0)
    with pytest.raises(TopicsNotReported, match=f"broker 1 does not report the settings of {names[0]}"):
        wait_until_set(client, {names[0]: {IN_SYNC: "1"}}, 0)
    client.close()


def test_replicas_are_added_by_the_plan_of_the_doctor(settings: Settings, tmp_path: Path) -> None:
    """Topics of one broker: the plan is what Kafka accepts; after it, `ensure` requires two in sync."""
    alone = replace(settings, replication=1)
    ensure_topics(alone)
    refused = run("ensure", settings)
    assert "has 1 replicas, not 3" in refused.stderr
    planned = run("doctor", settings, "--plan", str(tmp_path / "plan.json"))
    assert f"--reassignment-json-file {tmp_path / 'plan.json'} --execute" in planned.stdout
    plan = msgspec.json.decode((tmp_path / "plan.json").read_bytes())["partitions"]
    client = create_admin_client(settings)
    client.alter_partition_reassignments(
        {TopicPartition(one["topic"], one["partition"]): one["replicas"] for one in plan}
    )
    name = f"{settings.topic_prefix}events"
    wait_until(lambda: all(len(one.in_sync) == 3 for one in describe_present_topics(client, [name])[name].partitions))
    client.close()
    wait_until(lambda: f"{name}: min.insync.replicas was 1, is 2 now" in run("ensure", settings).stdout)


@dataclass
class Writer:
    """Lines sent one after the other; `acknowledged` holds those that the log must have."""

    publisher: Publisher
    acknowledged: list[bytes] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)

    def write(self) -> bool:
        """Sends a line; whether it was acknowledged."""
        number = next(self.numbers)
        line = b"line-%d" % number
        try:
            self.publisher.publish(EVENTS, [(f"key{number}", line)])
        except (NotDurable, Overloaded):
            return False
        self.acknowledged.append(line)
        return True

    def write_until_each_partition_accepts(self) -> None:
        """Returns after twenty lines in a row were acknowledged: all partitions have a leader."""
        wait_until(lambda: all(self.write() for _ in range(20)))


def test_every_acknowledged_line_survives_the_end_of_each_broker_in_turn(
    settings: Settings, brokers: LocalKafkaCluster
) -> None:
    """Each broker is killed once while lines are sent; after a pause they are accepted again without it."""
    ensure_topics(settings)
    writer = Writer(Publisher(settings))
    pauses = []
    for number in (1, 2, 3):
        writer.write_until_each_partition_accepts()
        brokers.kill(number)
        began = time.monotonic()
        writer.write_until_each_partition_accepts()
        pauses.append(round(time.monotonic() - began, 1))
        brokers.begin_start()
        brokers.await_started()
        wait_until(lambda: run("doctor", settings).exit_code == 0)
    writer.publisher.close()
    found = [line for _, line in read_lines(settings, EVENTS)]
    assert set(writer.acknowledged) <= set(found)
    print(f"\nuntil twenty lines in a row were accepted again: {pauses} s")


def test_writes_that_too_few_brokers_would_have_are_answered_503(
    settings: Settings, brokers: LocalKafkaCluster
) -> None:
    """Two replicas, one of them away: 503 with Retry-After for its partitions, 202 for others; every 202 is on the log."""
    pairs = replace(settings, replication=2)
    ensure_topics(pairs)
    with serve_conversion_tracker(pairs) as tracker:
        assert tracker.post(event("xhs:before")).status_code == 202
        brokers.kill(1)
        accepted, statuses = ["xhs:before"], set()
        people = (f"xhs:p{number}" for number in count())

        def post() -> TestResponse:
            person = next(people)
            began = time.monotonic()
            answer = tracker.post(event(person))
            assert answer.status_code in (202, 503), answer.text
            assert answer.status_code == 202 or "Retry-After" in answer.headers
            assert is_within(4, began)
            if answer.status_code == 202:
                accepted.append(person)
            return answer

        def both_answers_seen() -> bool:
            statuses.add(post().status_code)
            return statuses == {202, 503}

        wait_until(lambda: "fewer than 2 replicas in sync" in own_topics(pairs, run("doctor", pairs).stdout))
        wait_until(both_answers_seen)
        brokers.begin_start()
        brokers.await_started()
        wait_until(lambda: all(post().status_code == 202 for _ in range(10)))
        on_the_log = {line["person"] for line in tracker.decoded("events")}
    assert {person_id(external_id) for external_id in accepted} <= on_the_log
