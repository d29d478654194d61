"""The page of challenges in the console: submissions with what can be decided about them, and people to thank today."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from flask import request

from leaderboard.board_store import board_name
from leaderboard.domain.periods import day_name
from leaderboard.http_api.challenge_responses import SubmissionResponse
from leaderboard.http_api.console_decisions import UNDO
from leaderboard.http_api.dependencies import dependencies
from leaderboard.pages.challenge_view import https_link
from leaderboard.pages.refusal_texts import REASONS
from referral.console.guard import Visit
from referral.events.board_rules import BoardMetric
from referral.http.context import context
from referral.pages.console_shell import Toast, render_console
from referral.pages.languages import gettext, ngettext
from referral.people.known_people import known_people

ConsoleList = Literal["waiting", "counted", "thanks"]
MAX_THANKED = 50
_SHARING: tuple[BoardMetric, ...] = ("posts", "shares")


@dataclass(frozen=True, slots=True)
class PersonToThank:
    """Who shared or posted today, how often, and whether they were thanked."""

    person: str
    name: str
    posts: int
    shares: int
    is_thanked: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """A list of a challenge, with the cursor of its next page. `week` is the current week of the challenge."""

    name: ConsoleList
    challenges: Sequence[str]
    challenge: str | None
    submissions: Sequence[SubmissionResponse]
    next_cursor: str | None = None
    waiting: int = 0
    week: int = 0
    thanks: Sequence[PersonToThank] = ()


def console_list(text: str) -> ConsoleList:
    """The list of a query; `waiting` for any other text."""
    names: tuple[ConsoleList, ...] = get_args(ConsoleList)
    return next((name for name in names if name == text), "waiting")


def today(program: str) -> str:
    """The name of today in the program's time zone."""
    return day_name(context().clock.now_ms() // 1000, dependencies().time_zones.zone_of(program, context().catalog))


def people_to_thank(program: str) -> list[PersonToThank]:
    """Returns who shared or posted today, most first; erased people are left out."""
    day, counts = today(program), dict[str, dict[str, int]]()
    for metric in _SHARING:
        for ranked in dependencies().boards.top(board_name(program, metric, day), MAX_THANKED).entries:
            counts.setdefault(ranked.entry.participant, {})[metric] = ranked.entry.referrals
    order = sorted(counts, key=lambda person: (-sum(counts[person].values()), person))[:MAX_THANKED]
    known, thanked = (
        known_people(order, context().people.snapshot()),
        dependencies().challenges.thanked(program, day, order),
    )
    found = []
    for person in order:
        if (one := known[person]) is not None:
            name, number = one.display_name or one.external_id, counts[person]
            is_thanked = thanked[person] is not None
            found.append(PersonToThank(person, name, number.get("posts", 0), number.get("shares", 0), is_thanked))
    return found


def challenges_page(visit: Visit, queue: Queue) -> str:
    """The page as HTML."""
    return render_console(
        "console/challenges.html",
        visit,
        "challenges",
        queue=queue,
        tabs=[
            ("waiting", gettext("To review") + (f" · {queue.waiting}" if queue.waiting else "")),
            ("counted", gettext("Posts that count")),
            ("thanks", gettext("Thank today")),
        ],
        reasons=REASONS,
        link=https_link,
        may_review=visit.may("review"),
        toast=_toast(),
    )


def _toast() -> Toast | None:
    """What the last form did, by the query that it led to, and the form that takes it back."""
    done, ids = request.args.get("done", ""), request.args.get("ids", "").split()
    refused = request.args.get("refused", type=int) or 0
    texts = [_done_text(done, len(ids))] if ids or done == "thank" else []
    if refused > 0:
        texts.append(ngettext("%(num)d could not be decided.", "%(num)d could not be decided.", refused))
    word = next((back for one, back in UNDO.items() if one == done), None)
    more = {name: request.args.get(name, "") for name in ("challenge", "list")}
    undo = {"decision": word, "id": ids, **more} if ids and word else None
    return Toast(" ".join(texts), "/console/challenges", undo) if any(texts) else None


def _done_text(done: str, number: int) -> str:
    """What a button did; with their number for several submissions."""
    if number > 1:
        return ngettext("%(num)d post decided.", "%(num)d posts decided.", number)
    return {
        "approve": gettext("Approved. It is in the gallery once the author has allowed it."),
        "refuse": gettext("Refused. It no longer counts; the author may appeal once."),
        "pick": gettext("Picked."),
        "unpick": gettext("No longer picked."),
        "feature": gettext("Featured as the post of its week."),
        "unfeature": gettext("No longer featured."),
        "ask": gettext("Noted that the author was asked."),
        "count": gettext("The held votes count."),
        "discount": gettext("The held votes do not count."),
        "undo": gettext("Taken back."),
        "thank": gettext("Noted as thanked."),
    }.get(done, "")
