"""The pure parts of the cluster client: the URL, the map of slots, the slot of a command, and what a reply means."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    InvalidResponse,
    MovedError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from referral.redis_cluster.cluster_url import MAX_ADDRESSES, Address, ClusterUrl, is_cluster_url, parse_cluster_url
from referral.redis_cluster.commands import Command, slot_of
from referral.redis_cluster.replies import SlotUnavailable, final, verdict_on
from referral.redis_cluster.slot_map import SlotMap

HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{1,5})?", fullmatch=True) | st.ip_addresses().map(str)
ADDRESSES = st.builds(Address, HOSTS, st.integers(1, 65_535))
SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=12)
REPORTER = Address("reporter", 7000)


def written(address: Address) -> str:
    """Returns an address as it is written in a URL."""
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"


@given(st.lists(ADDRESSES, min_size=1, max_size=8), SECRETS, SECRETS, st.booleans())
def test_a_url_has_its_parts(addresses: list[Address], user: str, password: str, tls: bool) -> None:
    """User and password are percent-encoded, as in the URL of one server; the password is not shown."""
    scheme = "rediss-cluster" if tls else "redis-cluster"
    hosts = ",".join(map(written, addresses))
    url = f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{hosts}"
    assert is_cluster_url(url)
    parsed = parse_cluster_url(url)
    assert parsed == ClusterUrl(tuple(addresses), tls, user, password)
    assert "password" not in repr(parsed)
    assert parse_cluster_url(f"{scheme}://{hosts}") == ClusterUrl(tuple(addresses), tls)


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "host",
        "host:",
        ":7000",
        "host:0",
        "host:65536",
        "host:99999999999999999999",
        "host:٧",
        "a:1,,b:2",
        "::1:7000",
        "[::1:7000",
        "user@host:7000",
        "user:secret@a:1,user:secret@b:2",
        "user:se@cret@a:1",
        "host:7000?db=1",
        ",".join(["host:7000"] * (MAX_ADDRESSES + 1)),
    ],
)
def test_a_url_that_names_no_nodes_is_refused(rest: str) -> None:
    """With ValueError, so that the settings report it."""
    with pytest.raises(ValueError, match=r"host:port|port of|nodes|password|parameters") as refused:
        parse_cluster_url(f"redis-cluster://{rest}")
    assert "cret" not in str(refused.value)


def test_the_map_gives_each_slot_its_master_and_knows_where_one_is_missing() -> None:
    """A node that does not know its own host has that of the reporter."""
    reply = [
        [0, 5460, [b"a", 1, b"id", []], [b"c", 3, b"id", []]],
        [5461, 5461, [b"", 2, b"id", {}], [b"?", 4, b"id", {}]],
    ]
    slots = SlotMap.parse(reply, REPORTER)
    assert [slots.owner(number) for number in (0, 5460, 5461, 5462)] == [
        Address("a", 1),
        Address("a", 1),
        Address("reporter", 2),
        None,
    ]
    assert slots.masters() == [Address("a", 1), Address("reporter", 2)]
    assert slots.nodes() == [Address("a", 1), Address("reporter", 2), Address("c", 3), Address("reporter", 4)]
    assert not slots.is_complete()
    assert SlotMap.parse([[0, REDIS_CLUSTER_HASH_SLOTS - 1, [b"a", 1, b"id"]]], REPORTER).is_complete()


def test_a_corrected_slot_changes_no_other() -> None:
    """As after MOVED."""
    slots = SlotMap.parse([[0, 9, [b"a", 1, b"id"]]], REPORTER)
    slots.move(5, Address("b", 2))
    assert [slots.owner(number) for number in (4, 5, 6)] == [Address("a", 1), Address("b", 2), Address("a", 1)]


@given(st.text(max_size=20) | st.binary(max_size=20))
def test_a_command_belongs_to_the_slot_of_its_first_key(key: str | bytes) -> None:
    """The second word, or for scripts the one behind the number of keys."""
    slot = key_slot(key if isinstance(key, bytes) else key.encode())
    for words in (("GET", key), ("ZADD", key, 1, "x"), ("EVALSHA", "sha", 1, key, "x"), ("EVALSHA_RO", "sha", 1, key)):
        assert slot_of(Command(words, {})) == slot


@pytest.mark.parametrize("words", [("INFO", "memory"), ("FLUSHDB",), ("SCRIPT LOAD", "x"), ("EVALSHA", "sha", 0)])
def test_a_command_without_a_key_has_no_slot(words: tuple[str, ...]) -> None:
    """It would concern one node of many."""
    with pytest.raises(ValueError, match="no key"):
        slot_of(Command(words, {}))


def test_every_reply_has_one_meaning() -> None:
    """Values and errors of the command itself are results; all others say that the command was not run, or may not have been."""
    half_moved = "Script attempted to access a non local key in a cluster node script: f_0, on @user_script:3."
    meanings = {
        "result": [
            None,
            b"",
            1,
            ResponseError("WRONGTYPE"),
            NoPermissionError("get"),
            OutOfMemoryError("OOM"),
            AuthenticationError("x"),
        ],
        "moved": [MovedError("1 a:1")],
        "ask": [AskError("1 a:1")],
        "no_script": [NoScriptError("x")],
        "try_again": [TryAgainError("x"), ResponseError(half_moved)],
        "down": [ClusterDownError("x"), BusyLoadingError("x"), SlotUnavailable("x")],
        "disconnected": [RedisConnectionError("x"), InvalidResponse("x"), OSError("x")],
        "timed_out": [RedisTimeoutError("x")],
    }
    assert {name: {verdict_on(reply) for reply in replies} for name, replies in meanings.items()} == {
        name: {name} for name in meanings
    }


@pytest.mark.parametrize("reply", [MovedError("1 a:1"), AskError("1 a:1"), TryAgainError("x"), ClusterDownError("x")])
def test_a_caller_gets_one_error_for_a_cluster_that_does_not_serve_a_slot(reply: Exception) -> None:
    """An HTTP service answers it with 503, like any server that does not respond; other errors and values stay."""
    assert isinstance(final(reply), SlotUnavailable)
    assert isinstance(final(reply), RedisConnectionError)
    for other in (b"value", None, ResponseError("WRONGTYPE"), RedisTimeoutError("x"), BusyLoadingError("x")):
        assert final(other) is other
