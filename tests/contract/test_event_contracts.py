"""The contracts of the log: every topic has a schema, every type an example, and types, schema and examples agree."""

import json
from functools import cache

import jsonschema
import msgspec
import pytest

from referral.events.examples import example, examples
from referral.events.schemas import topic_schemas, types_by_tag
from referral.topics import TOPICS, Topic
from referral_tools.commands.schemas import current

LINES = [(topic, kind) for topic in TOPICS.values() for kind in types_by_tag(topic.lines)]
NAMES = [f"{topic.name}-{kind}" for topic, kind in LINES]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_a_schema_that_says_what_the_types_say(topic: str) -> None:
    """The exported files are what other teams validate against; `referral schemas` brings them up to date."""
    assert current(topic), f"events/schemas/{topic}.json is out of date: run `make docs`"
    jsonschema.Draft202012Validator.check_schema(topic_schemas(topic))


@pytest.mark.parametrize(("topic", "kind"), LINES, ids=NAMES)
def test_every_example_decodes_and_round_trips(topic: Topic, kind: str) -> None:
    """Nothing of an example is lost or changed between its bytes and the type: what is shown is what is kept."""
    raw = example(kind)
    line = msgspec.json.decode(raw, type=topic.lines)
    assert line.__struct_config__.tag == kind
    assert json.loads(msgspec.json.encode(line)) == json.loads(raw)


@pytest.mark.parametrize(("topic", "kind"), LINES, ids=NAMES)
def test_every_example_is_valid_under_the_exported_schema(topic: Topic, kind: str) -> None:
    """Schema and types cannot drift apart unseen; and a line with a field too much is refused by both."""
    validator, line = _validator(topic.name), json.loads(example(kind))
    validator.validate(line)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**line, "surplus": 1})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps({**line, "surplus": 1}).encode(), type=topic.lines)


@cache
def _validator(topic: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(topic_schemas(topic))


def test_every_example_is_of_a_type_that_some_topic_holds() -> None:
    """An example of a type that is gone would mislead."""
    assert set(examples()) == {kind for _, kind in LINES}, (
        "each type of a topic's union needs events/examples/<type>.json"
    )
