"""The queues of held and appealed referrals as a page of the console."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, assert_never, get_args

from flask import request
from flask_babel import lazy_gettext

from conversion_tracker.screening.conversion_response import ConversionResponse
from referral.console.guard import Visit
from referral.events.screening import ScreeningReason
from referral.pages.console_shell import Toast, render_console
from referral.pages.languages import gettext, ngettext

QueueStatus = Literal["held", "appealed", "cleared", "rejected"]
QUEUES: tuple[QueueStatus, ...] = get_args(QueueStatus)
WAITING: tuple[Literal["held", "appealed"], ...] = ("held", "appealed")
"""Those that wait for a decision."""
REASONS: Mapping[ScreeningReason, object] = {
    "self_referral": lazy_gettext("Referred themselves"),
    "similar_id": lazy_gettext("Ids look alike"),
    "same_device": lazy_gettext("Same device as the referrer, or as another of their friends"),
    "same_click": lazy_gettext("One click, several people"),
    "network_burst": lazy_gettext("Many people from one network at once"),
    "velocity_per_minute": lazy_gettext("Many people within a minute"),
    "disposable_handle": lazy_gettext("The handle looks disposable"),
    "churn": lazy_gettext("Many referred people left again"),
    "deadline_burst": lazy_gettext("Many people shortly before a deadline"),
    "ban": lazy_gettext("The referrer or the person is banned"),
    "ring": lazy_gettext("People refer each other in a ring"),
    "review": lazy_gettext("A person decided it"),
    "rule_failed": lazy_gettext("A rule could not be checked"),
}
"""Why screening held or rejected a referral, for an operator."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of conversions of one status, the cursor of the next one, and how many wait for a decision."""

    status: QueueStatus
    conversions: Sequence[ConversionResponse]
    next_cursor: str | None
    counts: Mapping[QueueStatus, int] = field(default_factory=dict)


def queue_status(text: str) -> QueueStatus:
    """The status of a query; `held` for any other text."""
    return next((status for status in QUEUES if status == text), "held")


def review_page(visit: Visit, queue: Queue) -> str:
    """The page as HTML."""
    return render_console(
        "console/review.html",
        visit,
        "review",
        queue=queue,
        tabs=[(status, _counted(_tab(status), queue.counts.get(status))) for status in QUEUES],
        reasons=REASONS,
        may_review=visit.may("review"),
        toast=review_toast(),
    )


def _counted(text: str, number: int | None) -> str:
    return text if number is None else f"{text} · {number}"


def _tab(status: QueueStatus) -> str:
    match status:
        case "held":
            return gettext("Held")
        case "appealed":
            return gettext("Appeals")
        case "cleared":
            return gettext("Released")
        case "rejected":
            return gettext("Rejected")
        case _:
            assert_never(status)


def review_toast(back: str = "") -> Toast | None:
    """What the last form did, by the query that it led to, and the form that takes it back; `back` leads to a person's story."""
    done, ids = request.args.get("done", ""), request.args.get("ids", "").split()
    refused = request.args.get("refused", type=int) or 0
    texts = [_done_text(done, len(ids))] if ids else []
    if refused > 0:
        texts.append(ngettext("%(num)d could not be decided.", "%(num)d could not be decided.", refused))
    undo = (
        {"decision": "undo", "id": ids} | ({"back": back} if back else {})
        if ids and done in ("release", "reject")
        else None
    )
    return Toast(" ".join(texts), "/console/review", undo) if texts else None


def _done_text(done: str, number: int) -> str:
    if done == "release":
        return ngettext("%(num)d referral released.", "%(num)d referrals released.", number)
    if done == "reject":
        return ngettext("%(num)d referral rejected.", "%(num)d referrals rejected.", number)
    return ngettext("%(num)d decision taken back.", "%(num)d decisions taken back.", number)
