"""Links to wallets: created for one person, for a limited time, and revoked all at once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from marshmallow import Schema, fields, validate
from msgspec import Meta, Struct

from referral.events.ids import random_id
from referral.events.people import WalletAccess
from referral.events.timestamps import DAY_MS, to_datetime, to_ms
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent_except
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import Timestamp, response
from referral.http.secret_field import SecretField
from referral.people.known_people import known_people
from referral.tokens import WalletToken
from reward_dispatcher.http_api.dependencies import dependencies

blueprint = Blueprint("wallet_links", __name__, description="Links that open a person's wallet.")
DEFAULT_DAYS, MAX_DAYS = 30, 90


class WalletLinkRequest(Schema):
    """How long the link works, and whether it is the only one from now on."""

    days = fields.Int(
        load_default=DEFAULT_DAYS,
        strict=True,
        validate=validate.Range(1, MAX_DAYS),
        metadata={"description": "for how many days the link works"},
    )
    revoke = fields.Bool(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "true ends every earlier link of the person, and every wallet that they opened"},
    )


class WalletLinkResponse(Struct):
    """A link to a wallet. Send it to this person alone: the first browser that opens it gets the wallet."""

    id: Annotated[str, Meta(description="the link", examples=["wlk_0123456789abcdef"])]
    program: str
    person: Annotated[str, Meta(examples=["psn_3v8k2m9q4t6w1x7z"])]
    url: Annotated[str, Meta(examples=["https://go.example.com/w/…"])]
    issued_at: Timestamp
    expires_at: Timestamp
    revoked_before: Annotated[
        Timestamp | None, Meta(description="links from before this time open nothing; null: none was revoked")
    ]


@blueprint.post("/v1/programs/<program>/people/<path:external_id>/wallet-link")
@requires("links:write")
@idempotent_except(SecretField("url", recover=lambda made: _url(_token_of(made))))
@blueprint.arguments(WalletLinkRequest)
@response(WalletLinkResponse, 201)
@blueprint.alt_response(404, description="Unknown program or person.")
def wallet_link(body: dict[str, object], program: str, external_id: str) -> WalletLinkResponse:
    """A new link to the wallet of a person, who need not be a participant. Each request creates another link."""
    require_program(program)
    person = _require_person(program, external_id)
    return new_link(program, person, int(str(body["days"])), revoke=bool(body["revoke"]))


def new_link(program: str, person: str, days: int, *, revoke: bool) -> WalletLinkResponse:
    """A new link to a person's wallet; `revoke` ends every earlier one. Raises NotDurable."""
    access = revoke_links(program, person) if revoke else context().people.snapshot().wallet_access(person)
    now_ms = context().clock.now_ms()
    issued_ms = max(now_ms, to_ms(access.links_from)) if access else now_ms
    expires_ms = now_ms + days * DAY_MS
    dependencies().link_requests.answer(program, person)
    token = WalletToken(random_id("wlk"), program, person, issued_ms, expires_ms, expires_ms)
    return WalletLinkResponse(
        id=token.id,
        program=program,
        person=person,
        url=_url(token),
        issued_at=to_datetime(issued_ms),
        expires_at=to_datetime(expires_ms),
        revoked_before=access.links_from if access else None,
    )


def _url(token: WalletToken) -> str:
    return f"{context().settings.wallet_url}/w/{dependencies().tokens.sign_wallet('wallet', token)}"


def _token_of(made: Mapping[str, object]) -> WalletToken:
    """The token of a stored response, which has everything but the signature."""
    issued_ms, expires_ms = (to_ms(msgspec.convert(made[name], datetime)) for name in ("issued_at", "expires_at"))
    id, program, person = (str(made[name]) for name in ("id", "program", "person"))
    return WalletToken(id, program, person, issued_ms, expires_ms, expires_ms)


def revoke_links(program: str, person: str) -> WalletAccess:
    """Ends every link to a person's wallet, and every session; returns once that is durable and this process knows it.

    Raises NotDurable.
    """
    now = to_datetime(context().clock.now_ms())
    access = WalletAccess(id=person, program=program, recorded_at=now, links_from=now + timedelta(milliseconds=1))
    dependencies().people.write([access])
    context().follower.read_to_end()
    return access


def _require_person(program: str, text: str) -> str:
    """Returns the person id. Raises Problem 404 for a person of whom the program knows nothing."""
    person = context().pseudonyms.person_id_to_find(program, text)
    people = context().people
    if known_people([person], people)[person] is None or _program_of(person) != program:
        detail = f"Nothing is known about {text} in {program}: no event and no enrolment. Check program and id."
        raise Problem(404, "unknown_person", detail)
    return person


def _program_of(person: str) -> str | None:
    people = context().people.snapshot()
    record = people.profile(person) or people.person(person)
    return record.program if record else None
