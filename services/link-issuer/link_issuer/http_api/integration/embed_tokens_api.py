"""`POST /v1/programs/{program}/embed-tokens`: the address of a frame with a wallet, a board or a share sheet, for an hour."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, get_args

import msgspec
from marshmallow import Schema, fields, validate
from msgspec import Meta, Struct

from link_issuer.http_api.dependencies import dependencies
from referral.events.timestamps import to_datetime, to_ms
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.embedding import LIFETIME_MS, embed_origins
from referral.http.idempotency import idempotent_except
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import Timestamp, response
from referral.http.secret_field import SecretField
from referral.people.known_people import known_people
from referral.tokens import EmbedScope, EmbedToken

MAX_PERSON = 128
blueprint = Blueprint("embed_tokens", __name__, description="Frames with a wallet, a board or a share sheet.")


class EmbedRequest(Schema):
    """What the frame shows, and whose it is."""

    scope = fields.Str(
        required=True,
        validate=validate.OneOf(get_args(EmbedScope)),
        metadata={"description": "what the frame shows; a token for one is of no use for another"},
    )
    person = fields.Str(
        load_default=None,
        validate=validate.Length(1, MAX_PERSON),
        metadata={"description": "for wallet and share: the platform's id of the person who is signed in on your site"},
    )


class EmbedTokenResponse(Struct):
    """The address of a frame. Anyone who has it sees what it shows for an hour: create it for the page that is being loaded."""

    program: str
    scope: EmbedScope
    person: Annotated[str | None, Meta(description="their person id; null for a board")]
    url: Annotated[str, Meta(examples=["https://go.example.com/w/embed/…"])]
    expires_at: Timestamp
    origins: Annotated[list[str], Meta(description="the sites that may have the frame, by the program file")]


@blueprint.route("/v1/programs/<program>/embed-tokens", methods=["POST"])
@requires("links:write")
@idempotent_except(SecretField("url", recover=lambda made: _url(_token_of(made))))
@blueprint.arguments(EmbedRequest, example={"scope": "wallet", "person": "xhs:u42"})
@response(EmbedTokenResponse, 201)
@blueprint.alt_response(404, description="Unknown program or person.")
@blueprint.alt_response(409, description="The program file has no `embed.origins`.")
def embed_token(body: dict[str, str], program: str) -> EmbedTokenResponse:
    """The address of a frame for one purpose, valid for an hour. Each request creates another; the address is stored nowhere."""
    require_program(program)
    origins = embed_origins(program)
    if not origins:
        detail = f"{program} has no sites that may have the frame: add them to `embed.origins` of the program file."
        raise Problem(409, "no_embed_origins", detail)
    scope: EmbedScope = next(one for one in get_args(EmbedScope) if one == body["scope"])
    person = "" if scope == "board" else _require_person(program, scope, body.get("person"))
    now_ms = context().clock.now_ms()
    token = EmbedToken(scope, program, person, now_ms, now_ms + LIFETIME_MS)
    return EmbedTokenResponse(program, scope, person or None, _url(token), to_datetime(token.expires_ms), list(origins))


def _url(token: EmbedToken) -> str:
    return f"{_base(token.scope)}/embed/{dependencies().signer.sign_embed(token)}"


def _token_of(made: Mapping[str, object]) -> EmbedToken:
    """The token of a stored response, which has everything but the signature."""
    expires_ms = to_ms(msgspec.convert(made["expires_at"], datetime))
    scope = msgspec.convert(made["scope"], EmbedScope)
    return EmbedToken(scope, str(made["program"]), str(made["person"] or ""), expires_ms - LIFETIME_MS, expires_ms)


def _base(scope: EmbedScope) -> str:
    """Where the service of a page is."""
    settings = context().settings
    bases = {"wallet": f"{settings.wallet_url}/w", "board": f"{settings.board_url}/p"}
    return bases.get(scope, f"{dependencies().public_url}/s")


def _require_person(program: str, scope: EmbedScope, external_id: str | None) -> str:
    """The person id. Raises Problem 422 without a person, and 404 for one of whom the program knows nothing."""
    if external_id is None:
        detail = f"`person` is required for {scope}: the platform's id of the person who is signed in."
        raise Problem(422, "missing_field", detail, [{"pointer": "/person", "detail": detail}])
    person, people = context().pseudonyms.person_id_to_find(program, external_id), context().people
    profile = known_people([person], people)[person]
    participant = context().catalog.participant(person)
    is_here = participant is not None and participant.program == program and participant.erased_at is None
    if profile is None or not (is_here or (scope == "wallet" and _is_of_program(person, program))):
        detail = f"{external_id} is not known in {program}: enrol them first. Check program and id."
        raise Problem(404, "unknown_person", detail, [{"pointer": "/person", "detail": detail}])
    return person


def _is_of_program(person: str, program: str) -> bool:
    record = context().people.snapshot().person(person)
    return record is not None and record.program == program
