"""The wallet's part about friends: `GET /v1/wallet/friends` for the service that shows it, and the form of an appeal."""

from flask import Blueprint as Pages
from flask import request
from werkzeug.wrappers import Response as AnyResponse

from conversion_tracker.dependencies import dependencies
from conversion_tracker.screening.conversion import Conversion
from conversion_tracker.wallet.friends_response import FriendsResponse, friends_response, may_appeal
from referral.events.attributions import ConversionAppealed, attribution_key
from referral.events.ids import derive_id
from referral.events.people import PersonText
from referral.events.timestamps import to_datetime
from referral.events.value_checks import InvalidValue, legible
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response
from referral.http.same_origin import require_same_origin
from referral.http.wallet_session import back_to_wallet, require_wallet_session
from referral.tokens import WalletToken
from referral.topics import ATTRIBUTIONS

MAX_FRIENDS = 50
MAX_APPEAL = 500
blueprint = Blueprint("wallet_friends", __name__, description="A referrer's friends, for their wallet.")
pages = Pages("wallet_appeals", __name__)


@blueprint.get("/v1/wallet/friends")
@without_rate_limit
@response(FriendsResponse)
@blueprint.alt_response(401, description="No session of a wallet, as a bearer token or cookie.")
def friends() -> FriendsResponse:
    """The newest 50 friends of the person whose wallet is open, with a hint at their names only."""
    session = require_wallet_session()
    found, total = dependencies().conversions.of_referrer(session.program, session.person, MAX_FRIENDS)
    return friends_response(found, total, context().people.snapshot())


@pages.post("/w/appeals")
def appeal() -> AnyResponse:
    """Asks for another look at a friend who does not count: once, in 500 characters at most. It joins the queue of appeals."""
    require_same_origin()
    session = require_wallet_session()
    conversion, text = _require_own(session, request.form.get("friend", "")), _require_text()
    note = _note(session, conversion, text)
    if not may_appeal(conversion) or context().people.snapshot().text(session.person, note.text_id) is not None:
        raise Problem(409, "not_appealable", "This friend counts, or you have asked about them before.")
    line = ConversionAppealed(
        occurred_at=note.recorded_at,
        program=conversion.program,
        id=conversion.id,
        referral=conversion.referral,
        referrer=conversion.referrer,
        note=note.text_id,
    )
    dependencies().publish_decision(ATTRIBUTIONS, attribution_key(line), line, note)
    return back_to_wallet("appealed", "friends")


def _require_own(session: WalletToken, id: str) -> Conversion:
    """Returns a conversion of the person whose wallet is open. Raises Problem 404 for any other, known or not."""
    found = dependencies().conversions.find(id) if len(id) <= 64 else None
    if found is None or found.program != session.program or found.referrer != session.person:
        raise Problem(404, "unknown_friend", "There is no such friend in this wallet.")
    return found


def _require_text() -> str:
    """Returns the text of the form. Raises Problem 422."""
    text = " ".join(request.form.get("text", "").split())
    try:
        legible(text)
    except InvalidValue as error:
        raise Problem(422, "invalid", f"The text {error}.") from None
    if not 1 <= len(text) <= MAX_APPEAL:
        raise Problem(422, "invalid", f"The text must have 1 to {MAX_APPEAL} characters; it has {len(text)}.")
    return text


def _note(session: WalletToken, conversion: Conversion, text: str) -> PersonText:
    """The record of the text, which an erasure of the referrer removes. Its id is the same for every appeal about this friend."""
    return PersonText(
        id=session.person,
        program=session.program,
        recorded_at=to_datetime(context().clock.now_ms()),
        text_id=derive_id("txt", conversion.id, "appeal"),
        kind="appeal",
        text=text,
    )
