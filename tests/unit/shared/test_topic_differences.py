"""How topics differ from the table: what is set, what an operator has to do, where replicas move."""

from hypothesis import given
from hypothesis import strategies as st

from referral.config import Settings
from referral.log.reassignment import reassignment
from referral.log.topic_admin import wanted_topics
from referral.log.topic_diagnosis import INTERNAL, findings
from referral.log.topic_differences import (
    IN_SYNC,
    PresentPartition,
    PresentTopic,
    SettingChange,
    WantedTopic,
    differences,
    faults,
    removes_nothing,
    smallest_in_sync,
)

FOREVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
WANTED = WantedTopic(2, 3, FOREVER)
BROKERS = (1, 2, 3)


def topic(*replicas: tuple[int, ...], **settings: str) -> PresentTopic:
    """A topic whose replicas are all in sync, the first of each the leader; `min_insync_replicas=…` changes a setting."""
    partitions = tuple(PresentPartition(number, one[0], one, one) for number, one in enumerate(replicas))
    changed = {name.replace("_", "."): value for name, value in settings.items()}
    return PresentTopic(partitions, {**FOREVER, IN_SYNC: "2", **changed})


def test_two_brokers_have_a_record_before_it_is_acknowledged_unless_there_is_one_replica() -> None:
    """With two replicas, too: then writes wait for the second broker rather than be on one alone."""
    assert [smallest_in_sync(replication) for replication in (1, 2, 3, 9)] == [1, 2, 2, 2]


def test_a_topic_as_wanted_has_no_differences_and_no_faults() -> None:
    """Three replicas, two of which must be in sync."""
    present = topic((1, 2, 3), (2, 3, 1))
    assert differences("events", present, WANTED, "b:1") == ([], [])
    assert faults("events", present) == []


def test_the_number_of_replicas_in_sync_is_repaired() -> None:
    """It removes no record."""
    found = differences("events", topic((1, 2, 3), (2, 3, 1), min_insync_replicas="1"), WANTED, "b:1")
    assert found == ([SettingChange(IN_SYNC, "1", "2")], [])


def test_a_topic_with_one_replica_is_not_made_to_refuse_every_write() -> None:
    """Two in sync of one replica can never be: first its replicas are reassigned, which the message names."""
    found = differences("events", topic((1,), (2,), min_insync_replicas="1"), WANTED, "b:1")
    assert found.repairs == []
    assert "1 replicas, not 3" in found.obstacles[0]
    assert "--plan" in found.obstacles[0]


def test_the_partition_count_is_for_an_operator() -> None:
    """The message names the setting."""
    (obstacle,) = differences("events", topic((1, 2, 3)), WANTED, "b:1").obstacles
    assert "has 1 partitions, not 2: set REFERRAL_PARTITIONS" in obstacle


def test_a_setting_that_would_remove_records_is_for_an_operator_with_the_command() -> None:
    """A retention of 30 days on a topic that is retained forever."""
    wanted = WANTED._replace(settings={**FOREVER, "retention.ms": "2592000000"})
    found = differences("rejected", topic((1, 2, 3), (2, 3, 1)), wanted, "b:1")
    assert found.repairs == []
    assert "kafka-configs.sh --bootstrap-server b:1 --alter" in found.obstacles[0]
    assert "--add-config retention.ms=2592000000" in found.obstacles[0]


@given(st.integers(-1, 10), st.integers(-1, 10))
def test_a_limit_is_set_only_if_everything_within_the_present_one_stays(present: int, wanted: int) -> None:
    """Whatever is younger or smaller than the present limit is within the new one; -1 is no limit."""
    records = range(20)
    stay = {one for one in records if present == -1 or one <= present}
    change = SettingChange("retention.ms", str(present), str(wanted))
    assert removes_nothing(change) == all(wanted == -1 or one <= wanted for one in stay)


def test_faults_name_the_partitions_and_what_follows() -> None:
    """No leader, too few in sync, one behind."""
    partitions = (
        PresentPartition(0, -1, BROKERS, ()),
        PresentPartition(1, 1, BROKERS, (1,)),
        PresentPartition(2, 1, BROKERS, (1, 2)),
        PresentPartition(3, 1, BROKERS, BROKERS),
    )
    no_leader, too_few, behind = faults("events", PresentTopic(partitions, {IN_SYNC: "2"}))
    assert ("has no leader" in no_leader, "partitions 0" in no_leader) == (True, True)
    assert ("answered 503" in too_few, "partitions 1" in too_few) == (True, True)
    assert ("is behind or away" in behind, "partitions 2" in behind) == (True, True)


replica_lists = st.lists(st.sampled_from((1, 2, 3, 4, 5)), min_size=1, max_size=5, unique=True).map(tuple)


@given(st.lists(replica_lists, min_size=1, max_size=20), st.integers(1, 5))
def test_a_plan_gives_every_partition_its_replicas_and_moves_none_that_may_stay(
    replicas: list[tuple[int, ...]], replication: int
) -> None:
    """Different brokers, the leader first, the present replicas among them as far as they are wanted."""
    plan = reassignment({"events": topic(*replicas)}, (1, 2, 3, 4, 5), replication)
    planned = {int(str(one["partition"])): one["replicas"] for one in plan}
    assert set(planned) == {number for number, one in enumerate(replicas) if len(one) != replication}
    for number, after in planned.items():
        assert isinstance(after, list)
        before = replicas[number]
        assert len(set(after)) == len(after) == replication
        assert after[0] == before[0]
        assert set(before) <= set(after) or set(after) <= set(before)


@given(st.integers(1, 64))
def test_new_replicas_are_spread_evenly(partitions: int) -> None:
    """From one replica each, round the brokers, to three: each broker has as many as another, give or take one."""
    plan = reassignment({"events": topic(*((1 + n % 5,) for n in range(partitions)))}, (1, 2, 3, 4, 5), 3)
    held = [broker for one in plan for broker in one["replicas"]]  # type: ignore[attr-defined]
    counts = [held.count(broker) for broker in (1, 2, 3, 4, 5)]
    assert max(counts) - min(counts) <= 1


SETTINGS = Settings(signing_key="k" * 32, topic_prefix="shop.", partitions=2, replication=3)


def healthy() -> dict[str, PresentTopic]:
    """All topics of the table as they should be on three brokers."""
    return {
        name: PresentTopic(
            tuple(PresentPartition(number, 1, BROKERS, BROKERS) for number in range(wanted.partitions)),
            {**wanted.settings, IN_SYNC: "2"},
        )
        for name, wanted in wanted_topics(SETTINGS).items()
    }


def diagnose(brokers: tuple[int, ...] = BROKERS, **changes: PresentTopic) -> list[str]:
    """The findings on these brokers, with other or further topics by name."""
    return list(findings(brokers, {**healthy(), **changes}, wanted_topics(SETTINGS), SETTINGS))


def test_topics_in_order_have_no_findings() -> None:
    """With Kafka's own topics, too."""
    offsets = topic((1, 2, 3), (2, 3, 1))
    assert diagnose() == diagnose(**dict.fromkeys(INTERNAL, offsets)) == []


def test_a_topic_that_is_missing_and_a_broker_that_is_away_are_named() -> None:
    """With what to run."""
    topics = healthy()
    del topics["shop.events"]
    few, missing = findings((1, 2), topics, wanted_topics(SETTINGS), SETTINGS)
    assert "2 brokers are running" in few
    assert "shop.events does not exist: create it with `referral topics ensure`" in missing


def test_positions_of_consumer_groups_on_one_broker_are_named() -> None:
    """With that broker every fold would lose its place."""
    replicas, in_sync = diagnose(
        __consumer_offsets=topic((1,), min_insync_replicas="0"), __transaction_state=topic((1, 2, 3))
    )
    assert "__consumer_offsets has 1 replicas, not 3" in replicas
    assert "kafka-configs.sh" in in_sync
