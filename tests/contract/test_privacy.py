"""The data map of docs/privacy.md is complete, and no line of the log has room for what identifies a person."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import inspect

from referral.events.facts import LinkClicked
from referral.redis_acls import USERS
from referral.topics import TOPICS, Topic

PAGE = Path("docs/privacy.md")
UNCOMPACTED = [topic for topic in TOPICS.values() if not topic.retention.startswith("latest of each key")]

# Every text on a topic that is never compacted, by the last name of its path: what it is, and why it identifies no one.
PERSON_IDS = {
    "person",
    "referrer",
    "participant",
    "beneficiary",
    "winners",
    "alternates",
    "root",
    "author",  # of a post that is voted for
    "voter",
}
KEYED_HASHES = {"mention", "device", "network", "look_alike", "post"}
IDS = {
    "id",
    "program",
    "referral",
    "decision",
    "event",
    "cause",
    "trigger",
    "source",  # a fold
    "request",
    "redemption",
    "rewards",
    "debtor",  # a reward
    "rule",
    "budget",
    "refund",  # an event's id
    "reinstatement",  # an event's id
    "reward",
    "programs",
    "other_program",
    "budgets",
    "pool",
    "partner",
    "content",
    "cta",
    "campaign",
    "experiment",
    "experiments",
    "challenge",
    "day",  # a date
    "variant",
    "metric",
    "period",
    "prize",
    "draw",
    "file",
    "worth",
    "fold",
    "topic",
    "api_key",
    "code_key",  # of the key ring
    "note",  # the id of a text in `people`
    "webhook",
    "template",  # of subscription messages of a WeChat account
    "message",
    "actor",  # an operator or API key
    "target",  # a conversion, reward, operator or key
}
CODES = {
    "code",
    "scene",
    "sealed_code",
    "sealed_reward_code",
    "prefix",  # of the form of generated codes, as the next two
    "pattern",
    "blocked_words",
    "sealed",
    "hashes",
    "url",  # of a QR code of a WeChat account, which has a referral code as its scene
    "click",
}  # a click is a signed token with a participant's person id
PLATFORM_OWN = {
    "order",
    "used_for",
    "refund",
    "hashtags",
    "wording",  # of a permission to show a post
    "currency",
    "unit",
}  # docs/privacy.md: must not contain personal data
DIGESTS = {
    "digest",
    "root",
    "randomness",
    "last_leaf",
    "signature",
    "secret",
    "secret_hash",
}  # of closed boards and draws
OF_OPERATORS = {"by"}
ERRORS = {"detail", "timer"}  # of the topic `rejected`, about a line without personal data
REPLACED_AT_INGEST = {"handle", "reward_code"}  # in requests only: ingest tests show it
ALLOWED = PERSON_IDS | KEYED_HASHES | IDS | CODES | PLATFORM_OWN | DIGESTS | OF_OPERATORS | ERRORS | REPLACED_AT_INGEST


def text_paths(kind: inspect.Type, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields the path of every text within a type."""
    if isinstance(kind, inspect.StrType | inspect.AnyType | inspect.RawType):
        yield path
    for field in getattr(kind, "fields", ()):
        yield from text_paths(field.type, (*path, field.encode_name))
    for part in _parts(kind):
        yield from text_paths(part, path)


def _parts(kind: inspect.Type) -> list[inspect.Type]:
    """The types of which a union, a collection or a mapping consists."""
    several = [*getattr(kind, "types", ()), *getattr(kind, "item_types", ())]
    return several + [
        getattr(kind, name) for name in ("type", "item_type", "key_type", "value_type") if hasattr(kind, name)
    ]


@pytest.mark.parametrize("topic", UNCOMPACTED, ids=lambda topic: topic.name)
def test_no_line_has_a_text_that_identifies_a_person(topic: Topic) -> None:
    """A new text on a line needs a decision here, and a row in the data map if it is about people."""
    paths = {path for path in text_paths(inspect.type_info(topic.lines)) if path}
    unknown = sorted(".".join(path) for path in paths if path[-1] not in ALLOWED)
    assert unknown == [], f"texts of {topic.name} that no rule allows"


def test_the_rules_name_no_field_that_no_line_has() -> None:
    """Otherwise a later field of that name would pass unseen."""
    paths = {path[-1] for topic in UNCOMPACTED for path in text_paths(inspect.type_info(topic.lines)) if path}
    assert sorted(ALLOWED - paths) == []


def test_a_tagger_is_a_person_id_and_not_an_operator() -> None:
    """`data.by` of a tag is the only `by` that is a person of a platform; it is replaced at ingest like `person`."""
    tagging = {path for topic in UNCOMPACTED for path in text_paths(inspect.type_info(topic.lines)) if path[-1] == "by"}
    assert tagging == {("by",), ("data", "by")}


def test_a_click_has_nothing_about_the_visitor() -> None:
    """The fields of the line are those of the link, the class of the visitor, and the time."""
    assert set(LinkClicked.__struct_encode_fields__) == {
        "occurred_at",
        "id",
        "program",
        "participant",
        "code",
        "channel",
        "content",
        "cta",
        "visitor",
        "partner",
        "campaign",
    }


def test_the_data_map_has_every_topic() -> None:
    """Each is named in the column that tells where data is."""
    named = set(re.findall(r"topics? ((?:`\w+`(?:, )?)+)", PAGE.read_text("utf-8")))
    found = {name for cell in named for name in re.findall(r"`(\w+)`", cell)}
    assert found >= set(TOPICS), f"not in the data map: {sorted(set(TOPICS) - found)}"


def test_the_data_map_has_every_prefix_of_redis_keys() -> None:
    """Those that processes may write, as the access rules of Redis list them."""
    named = set(re.findall(r"`(\w+:)\*`", PAGE.read_text("utf-8")))
    written = {pattern.partition(":")[0] + ":" for user in USERS for pattern in user.writes}
    assert named == written


def test_the_records_of_people_are_in_the_data_map() -> None:
    """A new kind of record needs a row."""
    page = PAGE.read_text("utf-8")
    kinds = {str(kind.cls.__struct_config__.tag) for kind in _kinds(inspect.type_info(TOPICS["people"].lines))}
    assert {kind for kind in kinds if f"`{kind}`" not in page} == set()


def _kinds(kind: inspect.Type) -> list[inspect.StructType]:
    return [one for one in getattr(kind, "types", ()) if isinstance(one, inspect.StructType)]
