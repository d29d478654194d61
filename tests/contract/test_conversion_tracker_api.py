"""The API's own description of conversion-tracker: valid, and true of the facts that it takes."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from conversion_tracker.http_api.app import build
from conversion_tracker.http_api.refusals import REMEDIES
from referral.config import Settings
from referral.events.facts import Fact
from referral.events.schemas import kinds


@pytest.fixture(scope="module")
def document() -> Iterator[dict[str, Any]]:
    """/openapi.json; no broker is needed to tell what an API looks like."""
    nowhere = Settings(signing_key="k" * 32, kafka="127.0.0.1:1", redis="redis://127.0.0.1:1/0", log_level="error")
    app = build(nowhere)
    yield app.test_client().get("/openapi.json").get_json()
    app.extensions["referral"].follower.stop()


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """Generators and testers read it; every reference leads somewhere."""
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_fact_stands_there_with_a_schema_and_a_valid_example(document: dict[str, Any]) -> None:
    """What a platform's developer copies is what the door takes."""
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["examples"]) == set(kinds(Fact))
    schema = {**body["schema"], "components": document["components"]}
    for one in body["examples"].values():
        jsonschema.validate(one["value"], schema)
        jsonschema.validate([one["value"]] * 2, schema)


def test_the_codes_of_refusals_stand_there(document: dict[str, Any]) -> None:
    """They are stable, and programs branch on them."""
    receipt = document["paths"]["/v1/events"]["post"]["responses"]["202"]["content"]["application/json"]["schema"]
    assert receipt["properties"]["rejected"]["items"]["properties"]["code"]["enum"] == list(REMEDIES)
