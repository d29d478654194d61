"""The response for a code that leads nowhere: a page that explains why and what still works; a problem for JSON clients."""

from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from flask import Response, request
from flask_babel import force_locale

from link_issuer.domain.availability import unavailable_reason
from link_issuer.http_api.dependencies import dependencies
from link_issuer.pages.dead_end_page import Alternative, render_dead_end
from link_issuer.pages.dead_end_texts import DeadEndReason, dead_end_texts
from referral.events.entities import Link, Participant, ProgramVersion
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.languages import localize, use_languages_of
from referral.pages.public_names import public_name_within
from referral.people.known_people import known_people
from referral.telemetry.metrics import counter


def dead_end(reason: DeadEndReason, holder: Participant | Link | None, code: str) -> Response:
    """404 for unknown and not yet, 410 for ended, 503 for unknown at the moment. Raises Problem for clients that prefer JSON."""
    counter("redirects").labels(reason).inc()
    status, error_code = _status_and_code(reason)
    headers = {"Retry-After": "1"} if status == 503 else {}
    if _prefers_json():
        raise Problem(status, error_code, _english_text(reason), headers=headers)
    if program := _newest_program(holder):
        use_languages_of(program.name)
    page = render_dead_end(reason, code, _alternative(holder), _starts_at(reason, holder))
    return Response(page, status, {"Cache-Control": "no-store", **headers}, mimetype="text/html")


def _status_and_code(reason: DeadEndReason) -> tuple[int, str]:
    match reason:
        case "unknown":
            return 404, "unknown_code"
        case "uncounted":
            return 503, "unavailable"
        case "not_started":
            return 404, "link_not_started"
        case "program_not_started":
            return 404, "program_not_started"
        case "program_ended":
            return 410, "program_ended"
        case "expired" | "disabled" | "exhausted" | "withdrawn":
            return 410, f"link_{reason}"
        case _:
            assert_never(reason)


def _alternative(holder: Participant | Link | None) -> Alternative | None:
    """What still works: the inviter's own code, otherwise the program's fallback page; None if there is neither."""
    inviter, program = _inviter_with_working_code(holder), _newest_program(holder)
    if inviter:
        known = known_people([inviter.id], context().people.snapshot())[inviter.id]
        return Alternative("invitation", public_name_within(known), dependencies().link_url(inviter.code))
    if program and program.fallback_url:
        return Alternative("fallback", localize(program.name), program.fallback_url)
    return None


def _starts_at(reason: DeadEndReason, holder: Participant | Link | None) -> datetime | None:
    """When the link or its program starts, in the program's time zone; None if it is over or not known."""
    newest = _newest_version(holder)
    if newest is None or holder is None:
        return None
    starts = {"not_started": getattr(holder, "starts_at", None), "program_not_started": newest.effective_from}.get(
        reason
    )
    return starts.astimezone(ZoneInfo(newest.program.timezone)) if starts else None


def _inviter_with_working_code(holder: Participant | Link | None) -> Participant | None:
    """The participant of the link, if their own code works."""
    if not isinstance(holder, Link):
        return None
    catalog, now_ms = context().catalog.snapshot(), context().clock.now_ms()
    inviter = catalog.owner(holder)
    if inviter is None:
        return None
    version = catalog.program_at(inviter.program, now_ms)
    return inviter if unavailable_reason(inviter, inviter, version, to_datetime(now_ms)) is None else None


def _newest_version(holder: Participant | Link | None) -> ProgramVersion | None:
    """The newest version of the code's program; None for an unknown code."""
    return context().catalog.snapshot().program(holder.program) if holder else None


def _newest_program(holder: Participant | Link | None) -> Program | None:
    newest = _newest_version(holder)
    return newest.program if newest else None


def _english_text(reason: DeadEndReason) -> str:
    with force_locale("en"):
        sentences = (text.rstrip(".") for text in dead_end_texts(reason) if text)
        return ". ".join(sentences) + "."


def _prefers_json() -> bool:
    types = ["text/html", "application/json", "application/problem+json"]
    return request.accept_mimetypes.best_match(types, default="text/html") != "text/html"
