"""Shares that share pages report: without an API key, with a signed token of the page that is valid for an hour.

The holder of a token can record at most MAX_PRESSES shares of the participant. Each page view gets its own token, and reports
are limited per minute by address and by code.
"""

from flask import Response

from link_issuer.domain.share_report import MAX_PRESSES, TOKEN_LIFETIME_MS, is_expired, share_page_fact
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.require import require_code_holder
from link_issuer.http_api.sharing.share_page_api import DEAD_END_RESPONSES, PARAMETERS, compose_page
from link_issuer.http_api.sharing.share_requests import PRESS_EXAMPLE, PressSchema, invalid_share, read_press
from link_issuer.http_api.sharing.share_responses import PressResponse, ShareTicket
from referral.events.facts import ShareToken
from referral.events.ids import random_id
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.responses import Headers, response
from referral.tokens import InvalidTokenError
from referral.validation.mistakes import Mistake

blueprint = Blueprint("share_presses", __name__, description="Shares that share pages report.")


@blueprint.route("/s/<code>/ticket", methods=["GET"])
@blueprint.doc(security=[], parameters=PARAMETERS, responses=DEAD_END_RESPONSES)
@response(ShareTicket)
def ticket(code: str) -> tuple[ShareTicket, Headers] | Response:
    """The token with which a share page reports shares; requested by its script, so that proxies can cache the page."""
    composed = compose_page(code)
    if isinstance(composed, Response):
        return composed
    kit = composed.page.kit
    token = ShareToken(
        id=random_id("shr"),
        program=composed.program,
        code=kit.code,
        issued_ms=context().clock.now_ms(),
        channel=kit.channel,
        content=kit.content,
        cta=kit.cta,
    )
    body = ShareTicket(token=dependencies().signer.sign_share(token), presses=MAX_PRESSES)
    return body, {"Cache-Control": "no-store"}


@blueprint.route("/s/<code>/shares", methods=["POST"])
@idempotent
@response(PressResponse, 201)
@blueprint.alt_response(404, description="The code is unknown.")
@blueprint.alt_response(410, description="The participant was erased.")
@blueprint.alt_response(
    429, description="Too many reports from pages of this code; Retry-After is when to send the next."
)
@blueprint.alt_response(503, description="The log did not respond.")
@blueprint.doc(
    security=[],
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": PressSchema, "example": PRESS_EXAMPLE}},
    },
)
def press(code: str) -> PressResponse:
    """Report a press of the share page's button; needs no API key.

    It counts as a share of the page's participant, once however often it is sent.
    """
    body = read_press()
    holder = require_code_holder(code)
    owner = context().catalog.owner(holder)
    if owner is None or owner.erased_at is not None:
        raise Problem(
            410, "link_withdrawn", f"{holder.code} leads nowhere: the person who shared it no longer takes part."
        )
    token = _read_token(body["token"], holder.code)
    if wait_s := dependencies().share_rate_limit.seconds_to_wait(holder.code):
        detail = f"Pages of {holder.code} report more shares than people make. Retry after {wait_s} seconds."
        raise Problem(429, "rate_limited", detail, headers={"Retry-After": str(wait_s)})
    line = share_page_fact(token, body["press"], context().clock.now_ms(), owner, holder)
    dependencies().send(line)
    return PressResponse(id=line.id, occurred_at=line.occurred_at)


def _read_token(text: str, code: str) -> ShareToken:
    """The token, if it is for this code and has not expired. Raises Problem 422."""
    try:
        token = dependencies().signer.read_share(text)
    except InvalidTokenError as error:
        raise _invalid_token(f"is {error}: send the token from GET /s/{code}/ticket unchanged") from error
    if token.code != code:
        raise _invalid_token(f"is for another code: request a token from GET /s/{code}/ticket")
    if is_expired(token, context().clock.now_ms()):
        raise _invalid_token(f"has expired after {TOKEN_LIFETIME_MS // 60_000} minutes: request a new one")
    return token


def _invalid_token(detail: str) -> Problem:
    return invalid_share(Mistake("/token", detail))
