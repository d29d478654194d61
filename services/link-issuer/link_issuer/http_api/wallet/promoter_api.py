"""What a WeChat account needs of a person who talks to it: their code and link, and their poster with a QR code of the account.

Other services ask with a wallet session of the person, which only they can sign.
"""

from dataclasses import replace
from typing import Annotated

from flask import Response, g
from marshmallow import RAISE, ValidationError, fields
from msgspec import Meta, Struct

from link_issuer.domain.enrolment import Enrolment
from link_issuer.domain.participant_changes import CONTACT_CONSENT
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.participants.enrolment_request import EnrolmentsRequest
from link_issuer.http_api.participants.participant_creation import enrol_all
from link_issuer.http_api.picture_response import PICTURE_RESPONSES, find_or_draw
from link_issuer.http_api.sharing.invitations import find_invitation
from link_issuer.http_api.sharing.share_kit_api import require_started
from link_issuer.http_api.sharing.share_page_api import compliant
from link_issuer.http_api.wallet.wallet_participant import require_wallet_participant
from link_issuer.pages.invitation import invitation_kit, page_content
from link_issuer.pages.poster import render_png
from link_issuer.pages.share_page import compose_poster, compose_share_page
from referral.events.entities import Participant
from referral.events.value_checks import InvalidValue, wechat_scene_url
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response
from referral.http.wallet_session import require_wallet_session
from referral.pages.languages import language, use_languages_of
from referral.tokens import WalletToken
from referral.validation.strict_schema import StrictSchema

blueprint = Blueprint(
    "wallet_promoter", __name__, description="A person's code, link and poster, for a WeChat account."
)


class PromoterResponse(Struct):
    """A participant as replies of a WeChat account name them."""

    code: str
    link: str
    language: Annotated[str | None, Meta(description="the language that they chose; null if they chose none")] = None


def _require_scene_url(address: str) -> None:
    try:
        wechat_scene_url(address)
    except InvalidValue as error:
        raise ValidationError(str(error)) from error


class PosterQuery(StrictSchema):
    """The content of the QR code."""

    address = fields.String(
        required=True,
        validate=_require_scene_url,
        metadata={
            "description": "the content of a QR code of a WeChat account, such as http://weixin.qq.com/q/02Example"
        },
    )


@blueprint.post("/v1/wallet/participant")
@without_rate_limit
@response(PromoterResponse)
@blueprint.doc(security=[])
@blueprint.alt_response(401, description="No session of a wallet, as a bearer token or cookie.")
@blueprint.alt_response(404, description="The person is not known.")
def enrol_owner() -> PromoterResponse:
    """The person whose wallet is open, as a participant: enrolled if they were not. They appear on public pages by their code."""
    session = require_wallet_session()
    participant = context().catalog.snapshot().participant(session.person) or _enrol(session)
    profile = context().people.snapshot().profile(participant.id)
    return PromoterResponse(
        participant.code, dependencies().link_url(participant.code), profile.language if profile else None
    )


@blueprint.get("/v1/wallet/poster.png")
@without_rate_limit
@blueprint.arguments(PosterQuery, location="query", unknown=RAISE)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
@blueprint.doc(security=[], responses=PICTURE_RESPONSES)
def poster(query: dict[str, str]) -> Response:
    """The poster of the person whose wallet is open, for WeChat, with a QR code of the program's account."""
    owner = require_wallet_participant()
    version = require_started(owner)
    use_languages_of(version.program.name)
    invitation = find_invitation(version.program, owner, owner)
    kit = compliant(invitation_kit(invitation, "wechat", page_content("", version.program, owner), language()))
    contents = replace(compose_poster(compose_share_page(invitation, kit)), address=query["address"])
    picture = find_or_draw(("image/png", contents), lambda: render_png(contents))
    return Response(picture, mimetype="image/png", headers={"Cache-Control": "no-store"})


def _enrol(session: WalletToken) -> Participant:
    known = context().people.person(session.person)
    if known is None or known.program != session.program:
        raise Problem(404, "unknown_person", "This person is not known: an event of theirs comes first.")
    g.caller = "wechat"
    details = Enrolment(
        external_id=known.external_id, consents=(CONTACT_CONSENT,)
    )  # they follow the account to hear from it
    _, [(_, named)] = enrol_all(session.program, EnrolmentsRequest([details], None), g.caller)
    return named.participant
