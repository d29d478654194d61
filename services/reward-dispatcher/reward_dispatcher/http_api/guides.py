"""Guide downloads: a signed link that expires, and that stops working when the reward is revoked."""

from pathlib import Path

from flask import Response, send_from_directory
from flask_smorest import Blueprint
from werkzeug.exceptions import NotFound

from referral.http.context import context
from referral.http.problems import Problem
from referral.tokens import REMOVED_KEY, InvalidTokenError
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import FULFILLED_STATUSES

blueprint = Blueprint("guides", __name__)


@blueprint.get("/g/<token>")
@blueprint.doc(security=[])
@blueprint.response(200, content_type="application/pdf", description="The guide, as an attachment.")
@blueprint.alt_response(404, description="The link is invalid.")
@blueprint.alt_response(410, description="The link has expired, or the reward was revoked.")
def download(token: str) -> Response:
    """The guide that a wallet's `download` link leads to."""
    file = _require_file(_require_reward_id(token))
    try:
        download = send_from_directory(Path(context().settings.guides).resolve(), file, as_attachment=True, max_age=0)
    except NotFound:
        detail = f"The guide {file} is missing on this server: add it to the directory REFERRAL_GUIDES."
        raise Problem(404, "no_such_guide", detail) from None
    download.headers["Cache-Control"] = "private, no-store"
    return download


def _require_reward_id(token: str) -> str:
    """Returns the reward that a token was signed for. Raises Problem 404 for an invalid token, 410 for an expired one."""
    try:
        return dependencies().tokens.read_expiring("guide", token, context().clock.now_ms())
    except InvalidTokenError as error:
        if str(error) in ("expired", REMOVED_KEY):
            raise Problem(410, "link_ended", "This link has expired. Open your wallet for a new one.") from None
        raise Problem(404, "unknown_link", "This link is invalid. Copy the whole link.") from None


def _require_file(reward: str) -> str:
    account = dependencies().store.account(reward)
    if account is None or account.file is None or account.status not in FULFILLED_STATUSES:
        raise Problem(410, "reward_gone", "The reward of this link was revoked or is not fulfilled.")
    return account.file
