"""Guide downloads: a signed link that expires, and that stops working when the reward is revoked."""

from pathlib import Path
from typing import assert_never

import structlog
from flask import Response, request, send_file
from flask_babel import force_locale
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.pages.languages import use_languages_of
from referral.tokens import REMOVED_KEY, InvalidTokenError
from reward_dispatcher.domain.account import Account
from reward_dispatcher.guide_downloads import MAX_DOWNLOADS
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import FULFILLED_STATUSES
from reward_dispatcher.pages.guide_pages import GuideProblem, guide_page_texts, render_guide_problem

blueprint = Blueprint("guides", __name__)
_TYPES = ("text/html", "application/json", "application/problem+json")
_HTML = {"text/html": {"schema": {"type": "string"}}}
log = structlog.get_logger()


class GuideUnavailable(Exception):
    """A guide cannot be handed out, for this reason."""

    def __init__(self, problem: GuideProblem) -> None:
        super().__init__(problem)
        self.problem = problem


@blueprint.get("/g/<token>")
@blueprint.doc(security=[], responses={404: {"content": _HTML}, 410: {"content": _HTML}})
@blueprint.response(200, content_type="application/pdf", description="The guide, as an attachment.")
@blueprint.alt_response(206, description="The part of the guide that `Range` names, one range.")
@blueprint.alt_response(304, description="The guide is the one that the client has.")
@blueprint.alt_response(416, description="`Range` begins behind the end of the file.")
@blueprint.alt_response(
    404, description="The link is invalid, or the file is missing: a page, or a problem by `Accept`."
)
@blueprint.alt_response(
    410,
    description="The link has expired or was used 50 times, or the reward was revoked: a page, or a problem by `Accept`.",
)
def download(token: str) -> Response:
    """The guide that a wallet's `download` link leads to: a file of the reward's own program."""
    try:
        file = _require_file(_require_reward(_require_reward_id(token)))
        _count_download(token)
    except GuideUnavailable as error:
        return _problem_response(error.problem)
    try:
        answer = send_file(file, as_attachment=True, max_age=0, conditional=_has_usable_range())
    except RequestedRangeNotSatisfiable:
        return Response(status=416, headers={"Content-Range": f"bytes */{file.stat().st_size}"})
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _require_reward_id(token: str) -> str:
    """Returns the reward that a token was signed for. Raises GuideUnavailable for an invalid or expired one."""
    try:
        return dependencies().tokens.read_guide(token, context().clock.now_ms())
    except InvalidTokenError as error:
        is_old = str(error) in ("expired", REMOVED_KEY)
        raise GuideUnavailable("expired_link" if is_old else "invalid_link") from None


def _require_reward(reward: str) -> Account:
    account = dependencies().store.account(reward)
    version = context().catalog.snapshot().program(account.program) if account else None
    if version is not None:
        use_languages_of(version.program.name)
    if account is None or account.file is None or account.status not in FULFILLED_STATUSES:
        raise GuideUnavailable("revoked_reward")
    return account


def _require_file(account: Account) -> Path:
    """Returns the file in the folder of the reward's program. Raises GuideUnavailable if it is missing."""
    guides, name = dependencies().guides, account.file or ""
    file = guides.find(account.program, name)
    if file is None:
        log.error("guide missing", reward=account.id, remedy=f"add {guides.place(account.program, name)}")
        raise GuideUnavailable("missing_file")
    return file


def _count_download(token: str) -> None:
    """Counts a download, but not its continuation from a later byte. Raises GuideUnavailable for a link that was used too often."""
    asked = request.range
    begins = not _has_usable_range() or asked is None or asked.ranges[0][0] == 0
    if begins and request.method == "GET" and dependencies().downloads.count(token) > MAX_DOWNLOADS:
        raise GuideUnavailable("used_up_link")


def _has_usable_range() -> bool:
    """Whether `Range` is missing or names one part in bytes; any other one is ignored, as RFC 9110, section 14.2, allows."""
    asked = request.range
    return "Range" not in request.headers or (asked is not None and asked.units == "bytes" and len(asked.ranges) == 1)


def _problem_response(problem: GuideProblem) -> Response:
    """A page for people. Raises Problem for clients that prefer JSON."""
    status, code = _status_and_code(problem)
    if request.accept_mimetypes.best_match(_TYPES, default=_TYPES[0]) != _TYPES[0]:
        with force_locale("en"):
            texts = guide_page_texts(problem)
        raise Problem(status, code, f"{texts.title}. {texts.explanation} {texts.advice}")
    return Response(render_guide_problem(problem), status, {"Cache-Control": "no-store"}, mimetype=_TYPES[0])


def _status_and_code(problem: GuideProblem) -> tuple[int, str]:
    match problem:
        case "invalid_link":
            return 404, "unknown_link"
        case "expired_link":
            return 410, "link_ended"
        case "revoked_reward":
            return 410, "reward_gone"
        case "missing_file":
            return 404, "no_such_guide"
        case "used_up_link":
            return 410, "link_used_up"
        case _:
            assert_never(problem)
