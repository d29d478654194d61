"""Guide downloads: a signed link that ends, and that ends early when the reward is taken back."""

from pathlib import Path

from flask import Response, send_from_directory
from flask_smorest import Blueprint
from werkzeug.exceptions import NotFound

from referral.http.context import context
from referral.http.problems import Problem
from referral.tokens import InvalidTokenError
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.shapes import FULFILLED_STATUSES

blueprint = Blueprint("guides", __name__)


@blueprint.get("/g/<token>")
@blueprint.doc(security=[])
@blueprint.response(200, content_type="application/pdf", description="The guide, as an attachment.")
@blueprint.alt_response(404, description="The link is not one of ours.")
@blueprint.alt_response(410, description="The link has ended, or the reward was taken back.")
def download(token: str) -> Response:
    """The guide that a wallet's `download` link leads to."""
    file = _file(_reward(token))
    try:
        answer = send_from_directory(Path(context().settings.guides).resolve(), file, as_attachment=True, max_age=0)
    except NotFound:
        raise Problem(404, "no_such_guide", f"The guide {file} is not in REFERRAL_GUIDES on this server.") from None
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _reward(token: str) -> str:
    """The reward that a token is for. Raises Problem 404 for a forged one, 410 for one that has ended."""
    try:
        return dependencies().tokens.read_expiring("guide", token, context().clock.now_ms())
    except InvalidTokenError as error:
        if str(error) == "expired":
            raise Problem(410, "link_ended", "This link has ended. Open your wallet for a new one.") from None
        raise Problem(404, "unknown_link", "This link is not one of ours. Copy it whole.") from None


def _file(reward: str) -> str:
    account = dependencies().store.account(reward)
    if account is None or account.file is None or account.status not in FULFILLED_STATUSES:
        raise Problem(410, "reward_gone", "The reward behind this link was taken back or is not ready.")
    return account.file
