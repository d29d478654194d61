"""Shares that the share page itself reports: without a key, by a signed token of its own that is good for an hour.

A stranger with a token can make the participant's own shares count ten times, no more. There is a token a page view, and a bound on
reports a minute by address and by code.
"""

from flask import Response
from flask_smorest import Blueprint

from link_issuer.domain.share_report import MOST_PRESSES, TOKEN_MS, is_over, pressed
from link_issuer.http_api.dependencies import collaborators
from link_issuer.http_api.request_body import json_answer
from link_issuer.http_api.sharing import share_requests
from link_issuer.http_api.sharing.share_page_api import LOST, PARAMETERS, found
from link_issuer.http_api.sharing.share_requests import loaded, refused
from referral.events.facts import ShareToken
from referral.events.ids import random_id
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.problems import Problem
from referral.tokens import InvalidTokenError
from referral.validation.mistakes import Mistake

blueprint = Blueprint("share_presses", __name__, description="What the share page reports.")
_SAYS = {
    "malformed": "is no token: send what GET /s/{code}/ticket gave",
    "forged": "was not given by this service: send what GET /s/{code}/ticket gave",
    "expired": f"is out of date after {TOKEN_MS // 60_000} minutes: get a new one",
    "other": "was given for another code: get one for this",
}


@blueprint.route("/s/<code>/ticket", methods=["GET"])
@blueprint.doc(security=[], parameters=PARAMETERS, responses=LOST)
@blueprint.response(200, share_requests.TicketAnswer)
def ticket(code: str) -> Response:
    """What the page of a code reports shares with; asked for by its script, so that the page itself can be kept by proxies."""
    here = found(code)
    if isinstance(here, Response):
        return here
    kit, program = here.shown.kit, here.program
    token = ShareToken(
        id=random_id("shr"),
        program=program,
        code=kit.code,
        issued_ms=context().clock.now_ms(),
        channel=kit.channel,
        content=kit.content,
        cta=kit.cta,
    )
    answer = {"token": collaborators().signer.sign_share(token), "presses": MOST_PRESSES}
    return json_answer(answer, headers={"Cache-Control": "no-store"})


@blueprint.route("/s/<code>/shares", methods=["POST"])
@idempotent
@blueprint.response(201, share_requests.PressAnswer)
@blueprint.alt_response(404, description="Nobody has this code.")
@blueprint.alt_response(429, description="This code's pages report too much; says when to come again.")
@blueprint.alt_response(503, description="The log did not answer.")
@blueprint.doc(
    security=[],
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": share_requests.PressSchema, "example": share_requests.PRESS}},
    },
)
def press(code: str) -> Response:
    """Report a press of the share page's button; needs no key.

    It counts as a share of the participant whose page it is, once however often it is told.
    """
    asked = loaded(share_requests.PressSchema())
    via = context().catalog.code(code)
    owner = context().catalog.owner(via) if via else None
    if via is None or owner is None:
        raise Problem(404, "unknown_code", f"Nobody has the code {code}.")
    token = _token(asked["token"], via.code)
    if wait_s := collaborators().allowance.seconds_to_wait(via.code):
        detail = f"The pages of {via.code} report more shares than people make. Come again later."
        raise Problem(429, "rate_limited", detail, headers={"Retry-After": str(wait_s)})
    line = pressed(token, asked["press"], context().clock.now_ms(), owner, via)
    collaborators().send(line)
    return json_answer({"id": line.id, "occurred_at": line.occurred_at}, 201)


def _token(text: str, code: str) -> ShareToken:
    """The token, if it is for this code and not out of date. Raises Problem 422."""
    try:
        token = collaborators().signer.read_share(text)
    except InvalidTokenError as error:
        raise refused([Mistake("/token", _SAYS[str(error)])]) from error
    if token.code != code:
        raise refused([Mistake("/token", _SAYS["other"])])
    if is_over(token, context().clock.now_ms()):
        raise refused([Mistake("/token", _SAYS["expired"])])
    return token
