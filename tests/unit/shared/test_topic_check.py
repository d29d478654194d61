"""The check of the topics: what is missing, different or not permitted is named with its remedy."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from kafka.errors import KafkaError, LeaderNotAvailableError

from referral.config import Settings
from referral.log.acls import topic_operations
from referral.log.errors import AccessDenied
from referral.log.topic_admin import TopicMismatch, partition_count
from referral.log.topic_check import verify_topics
from referral.topics import TOPICS

SETTINGS = Settings(signing_key="k" * 32, topic_prefix="shop.", kafka_user="board")
USES = topic_operations("leaderboard")


@dataclass
class Broker:
    """A broker with all topics, some of which differ as `changes` says, by short name."""

    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        """As kafka-python's admin client."""
        return [self._described(name) for name in names]

    def _described(self, name: str) -> dict[str, Any]:
        topic = TOPICS[name.removeprefix("shop.")]
        usual = {
            "name": name,
            "error_code": 0,
            "partitions": [{}] * partition_count(topic, SETTINGS),
            "authorized_operations": ["READ", "WRITE", "DESCRIBE"],
        }
        return usual | self.changes.get(topic.name, {})


def check(**changes: dict[str, Any]) -> None:
    """Checks a broker with these changes."""
    verify_topics(Broker(changes), SETTINGS, USES)


def test_topics_as_expected_pass() -> None:
    """With the operations that the process uses, or all."""
    check()
    check(conversions={"authorized_operations": ["READ", "DESCRIBE"]})


@pytest.mark.parametrize("operations", [None, [], ["DESCRIBE"], ["WRITE", "DESCRIBE"]])
def test_a_missing_right_is_named_with_user_topic_and_command(operations: list[str] | None) -> None:
    """Leaderboard reads conversions."""
    with pytest.raises(
        AccessDenied, match=r"user 'board' is not permitted .* READ shop\.conversions.*topics ensure --acls"
    ):
        check(conversions={"authorized_operations": operations})


def test_a_topic_that_may_not_be_seen_is_no_missing_topic() -> None:
    """Kafka answers 29 for it, whether or not it exists."""
    with pytest.raises(AccessDenied, match=r"DESCRIBE shop\.rewards"):
        check(rewards={"error_code": 29, "partitions": [], "authorized_operations": None})


def test_a_missing_topic_is_named_with_the_command_that_creates_it() -> None:
    """Kafka answers 3 for it."""
    with pytest.raises(TopicMismatch, match=r"shop\.rewards.*referral topics ensure"):
        check(rewards={"error_code": 3, "partitions": []})


def test_a_topic_without_a_leader_is_neither_missing_nor_refused() -> None:
    """It has one in a moment: the process waits."""
    with pytest.raises(KafkaError) as raised:
        check(rewards={"error_code": LeaderNotAvailableError.errno, "partitions": []})
    assert type(raised.value) is LeaderNotAvailableError


def test_another_number_of_partitions_is_named() -> None:
    """States would be looked for in the wrong place."""
    with pytest.raises(TopicMismatch, match=r"shop\.events has 3 partitions, not 8"):
        check(events={"partitions": [{}] * 3})
