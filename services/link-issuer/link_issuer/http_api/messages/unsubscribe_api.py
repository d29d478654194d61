"""`/u/{token}`: ends the messages to a person, by one click in their mail program (RFC 8058) or on the page.

The token is all that it takes: mail programs send no cookies. GET changes nothing, since scanners of mail servers follow links.
"""

from flask import Blueprint, Response

from link_issuer.http_api.participants.change_request import ParticipantChanges
from link_issuer.http_api.participants.participant_change import apply_changes
from link_issuer.pages.unsubscribe_page import invalid_page, question_page, unsubscribed_page
from referral.http.context import context
from referral.tokens import InvalidTokenError, TokenSigner

blueprint = Blueprint("unsubscribe", __name__)


@blueprint.route("/u/<token>", methods=["GET"])
def question(token: str) -> Response:
    """The page with the button."""
    found = _read(token)
    return _page(question_page(found[0])) if found else _page(invalid_page(), 404)


@blueprint.route("/u/<token>", methods=["POST"])
def unsubscribe(token: str) -> Response:
    """Withdraws the consent to messages, and with it the contact; the same again changes nothing. Returns once it is durable.

    Raises Problem 409 if another request changes the participant at the same time.
    """
    found = _read(token)
    if found is None:
        return _page(invalid_page(), 404)
    program, person = found
    participant = context().catalog.participant(person)
    if participant is not None and participant.erased_at is None and context().people.profile(person) is not None:
        apply_changes(participant, ParticipantChanges({"consents": []}))
    return _page(unsubscribed_page(program))


def _read(token: str) -> tuple[str, str] | None:
    """The program and the person of a token; None if it was not signed here."""
    try:
        return TokenSigner(context().key_ring).read_unsubscribe(token)
    except InvalidTokenError:
        return None


def _page(html: str, status: int = 200) -> Response:
    return Response(html, status, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}, mimetype="text/html")
