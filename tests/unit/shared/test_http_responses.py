"""Struct responses: encoded and documented from one declaration; pages; the 404 for an unknown program."""

from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from referral.catalog.memory_follower import MemoryFollower
from referral.http.api_keys import requires
from referral.http.app import create_app
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.openapi_annotations import annotations
from referral.http.responses import Returned, component_schemas, encode_response, response
from tests.support.settings import UNREACHABLE
from tests.support.tiny_service import SMALL_BODIES, Item, Items, headers, tiny_service

ITEMS = "/v1/programs/prg_glow/items"
KETTLE = {"id": 1, "name": "kettle", "made_at": "2026-11-24T08:00:00Z", "note": None}


@pytest.fixture
def client() -> FlaskClient:
    """A client of a tiny service that has no items yet."""
    return tiny_service().test_client()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The OpenAPI document of the tiny service."""
    found: dict[str, Any] = tiny_service().test_client().get("/openapi.json").get_json()
    return found


def test_a_view_returns_a_struct_with_or_without_a_status_and_headers(client: FlaskClient) -> None:
    """The status that the view names wins; otherwise that of the decorator next to it."""
    first, second = (client.put(ITEMS, json={"name": "kettle"}, headers=headers("writer")) for _ in range(2))
    assert (first.status_code, first.get_json(), first.headers["Location"]) == (201, KETTLE, "/v1/items/1")
    assert (second.status_code, second.get_json()) == (200, KETTLE)
    assert second.mimetype == "application/json"
    assert "Location" not in second.headers


@pytest.mark.parametrize(
    ("returned", "status", "etag"),
    [
        (["a"], 202, None),
        ((["a"], 201), 201, None),
        ((["a"], {"ETag": '"1"'}), 202, '"1"'),
        ((["a"], 201, {"ETag": '"1"'}), 201, '"1"'),
    ],
)
def test_every_form_of_return_value_is_encoded(returned: object, status: int, etag: str | None) -> None:
    """As Flask accepts them: body, body and status, body and headers, all three."""
    made = encode_response(returned, 202)
    assert (made.status_code, made.get_data(), made.headers.get("ETag")) == (status, b'["a"]', etag)


def test_a_finished_response_is_passed_on_unchanged() -> None:
    """A view may stream, or answer with another media type."""
    made = encode_response("ignored")
    assert encode_response(made, 201) is made


def test_the_document_is_valid_and_describes_the_struct(document: dict[str, Any]) -> None:
    """Component, descriptions and examples come from the struct; a field without a default is required."""
    validate(document)
    item = document["components"]["schemas"]["Item"]
    assert item["description"] == "An item, as the API returns it."
    assert item["properties"]["id"] == {"type": "integer", "description": "Its number, from 1.", "examples": [1]}
    assert item["properties"]["made_at"] == {"type": "string", "format": "date-time"}
    assert item["required"] == ["id", "name", "made_at", "note"]


def test_the_document_has_every_status_with_its_examples(document: dict[str, Any]) -> None:
    """Stacked decorators document one response each, beside the scope, the idempotency key and the errors."""
    put = document["paths"]["/v1/programs/{program}/items"]["put"]
    created, existing = (put["responses"][status] for status in ("201", "200"))
    assert created["description"] == "A new item."
    assert created["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/Item"},
        "example": KETTLE,
    }
    assert existing["content"]["application/json"]["examples"] == {"kettle": {"value": KETTLE}}
    assert put["responses"]["404"]["content"]["application/problem+json"]
    assert put["x-scope"] == "links:write"
    assert "Idempotency-Key" in {parameter.get("name") for parameter in put["parameters"]}
    assert put["requestBody"]["content"]["application/json"]["schema"]


def test_the_page_of_the_api_shows_the_struct(client: FlaskClient) -> None:
    """/docs is made from the same document."""
    text = client.get("/docs").text
    assert "An item, as the API returns it." in text
    assert "A page of items, the oldest first." in text


def test_a_list_is_read_page_by_page(client: FlaskClient) -> None:
    """Each page has the cursor of the next one; the last has none."""
    for name in "abcde":
        client.put(ITEMS, json={"name": name}, headers=headers("writer"))
    pages, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/items?limit=2&cursor={cursor}", headers=headers("reader")).get_json()
        pages.append([item["name"] for item in page["items"]])
        cursor = page["next_cursor"]
    assert pages == [["a", "b"], ["c", "d"], ["e"]]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=many", f"cursor={'x' * 257}"])
def test_a_page_has_bounds(client: FlaskClient, query: str) -> None:
    """422 names the parameter."""
    answer = client.get(f"/v1/items?{query}", headers=headers("reader"))
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, f"query:{query.partition('=')[0]}")


def test_an_invalid_cursor_is_a_400(client: FlaskClient) -> None:
    """With what to send instead."""
    problem = client.get("/v1/items?cursor=made-up", headers=headers("reader")).get_json()
    assert (problem["status"], problem["code"]) == (400, "bad_cursor")
    assert problem["errors"][0]["pointer"] == "query:cursor"
    assert "`next_cursor`" in problem["detail"]


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000])
def test_a_number_of_thousands_of_digits_is_a_400(number: str) -> None:
    """Python converts at most 4,300 digits; that is no error of the service."""
    answer = (
        tiny_service(UNREACHABLE)
        .test_client()
        .put(ITEMS, data=f'{{"name": {number}}}', content_type="application/json", headers=headers("writer"))
    )
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_request")
    assert "thousands of digits" in answer.get_json()["detail"]


def test_an_unknown_program_is_a_404(client: FlaskClient) -> None:
    """One text for every service, with the id and where to look."""
    answer = client.put("/v1/programs/prg_x/items", json={"name": "a"}, headers=headers("writer"))
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (404, "unknown_program")
    assert problem["detail"].startswith("Unknown program 'prg_x'. Check its id: `GET /v1/programs`")


@pytest.mark.parametrize("outer", [requires("read"), idempotent])
def test_response_above_requires_or_idempotent_raises_on_import(outer: Any) -> None:
    """Both need a Flask response: one stores it for replay, the other is the outermost decorator."""
    with pytest.raises(TypeError, match="below @requires and @idempotent"):
        response(Item)(outer(lambda: "anything"))


def test_two_structs_of_one_name_raise_at_start() -> None:
    """Otherwise one would be documented as the other."""
    blueprint = Blueprint("twins", __name__)
    for number, fields in enumerate((["a"], ["b"])):
        twin = msgspec.defstruct("Twin", fields)

        def view(made: Any = twin) -> Returned[Any]:
            """Returns a twin."""
            return made(1)

        blueprint.get(f"/{number}", endpoint=str(number))(response(twin)(view))
    with pytest.raises(TypeError, match="two response schemas have the name 'Twin'"):
        create_app("twins", SMALL_BODIES, title="Twins", blueprints=[blueprint], follower=MemoryFollower(()))


def test_a_decorated_view_keeps_the_components_of_all_its_responses() -> None:
    """Stacking adds to them, and leaves the wrapped view as it was."""
    one, other = msgspec.defstruct("One", ["a"]), msgspec.defstruct("Other", ["b"])

    def view() -> Returned[Any]:
        """Returns nothing."""
        return None

    inner = response(one)(view)
    outer = response(other, 201)(inner)
    assert set(component_schemas(annotations(inner))) == {"One"}
    assert set(component_schemas(annotations(outer))) == {"One", "Other"}


def test_a_body_of_several_structs_is_documented_as_one_of_them() -> None:
    """`A | B` has the components of both."""

    @response(Item | Items)
    def view() -> Returned[Item | Items]:
        """Returns an item or a page."""
        return Items([], None)

    facts = annotations(view)
    assert {"Item", "Items"} <= set(component_schemas(facts))
    documented: Any = facts["response"]
    assert documented["responses"][200][0]["schema"] == {
        "oneOf": [{"$ref": "#/components/schemas/Item"}, {"$ref": "#/components/schemas/Items"}]
    }


def test_a_tuple_of_fixed_length_is_documented_the_same_in_every_view() -> None:
    """apispec rewrites the schemas it gets, and took `"items": false` of a tuple for a reference."""
    blueprint = Blueprint("pairs", __name__)
    pair = msgspec.defstruct("Pair", [("values", tuple[str, int])])
    for number in (1, 2):

        def view() -> Returned[Any]:
            """Returns a pair."""
            return pair(("a", 1))

        blueprint.get(f"/{number}", endpoint=str(number))(response(pair)(view))
    app = create_app("pairs", SMALL_BODIES, title="Pairs", blueprints=[blueprint], follower=MemoryFollower(()))
    values = app.test_client().get("/openapi.json").get_json()["components"]["schemas"]["Pair"]["properties"]["values"]
    assert (values["minItems"], values["maxItems"], "items" in values) == (2, 2, False)
