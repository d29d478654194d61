"""`POST /w/preferences`: what a participant chooses about themselves in their wallet."""

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from link_issuer.domain.participant_changes import CONTACT_CONSENT, ProfileChanges
from link_issuer.http_api.participants.change_request import ParticipantChanges
from link_issuer.http_api.participants.participant_change import apply_changes
from link_issuer.http_api.wallet.wallet_participant import require_wallet_participant
from referral.http.same_origin import require_same_origin
from referral.http.wallet_session import back_to_wallet
from referral.pages.languages import match_language

blueprint = Blueprint("wallet_preferences", __name__)


@blueprint.route("/w/preferences", methods=["POST"])
def preferences() -> AnyResponse:
    """Stores whether messages are wanted, whether the name is public, and the language of messages."""
    require_same_origin()
    apply_changes(require_wallet_participant(), ParticipantChanges(_changes()))
    return back_to_wallet("saved")


def _changes() -> ProfileChanges:
    return {
        "consents": [CONTACT_CONSENT] if "messages" in request.form else [],
        "public": "public" in request.form,
        "language": match_language(request.form.get("language", "")),
    }
