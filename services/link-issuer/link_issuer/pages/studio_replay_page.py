"""A replay of a draft as a page of the studio: its progress, and its result in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext

from link_issuer.studio_parts import AmountChange, Change, ReferrerChange, Replay, ReplayResult
from referral.console.guard import Visit
from referral.pages.amounts import amount_text
from referral.pages.console_shell import console_url, render_console
from referral.pages.languages import gettext, ngettext

MAX_REFERRERS = 10
LAST_DAYS = 60
"""The period that is replayed unless the operator chooses everything."""
_FAILED = {
    "busy": lazy_gettext("Another replay is running. Wait for it, then start yours."),
    "unavailable": lazy_gettext("The replay can't be counted right now. Your draft is kept; try again in a minute."),
    "gone": lazy_gettext("This replay is no longer stored: results are kept for a day. Start it again."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of the whole program: what it is, before and after, and the difference in words."""

    name: str
    before: str
    after: str
    change: str


@dataclass(frozen=True, slots=True)
class ReferrerLine:
    """A referrer with their referrals and rewards, before and after."""

    person: str
    name: str
    referrals: Change
    rewards: Change


def replay_page(visit: Visit, replay: Replay | None, began: datetime, failed: str = "") -> str:
    """The page as HTML. `began` is when the program did; `failed` why there is no replay."""
    result = replay.result if replay else None
    return render_console(
        "console/studio_replay.html",
        visit,
        "studio",
        studio_tab="replay",
        studio_url=lambda path="", **query: console_url(f"/console/studio{path}", **query),
        replay=replay,
        period=_period(replay, began) if replay else "",
        last_days=LAST_DAYS,
        everything=replay is not None and replay.since is None,
        failed=_FAILED.get(failed),
        headline=_headline(result) if result else [],
        lines=list(_lines(result)) if result else [],
        referrers=[_referrer(one) for one in result.referrers.items[:MAX_REFERRERS]] if result else [],
        percent=_percent(replay) if replay else 0,
        toast=None,
    )


def _period(replay: Replay, began: datetime) -> str:
    """What the figures are about: the last days, as many as there were, or everything."""
    days = max(1, (replay.asked_at - max(replay.since or began, began)).days)
    if replay.since is None:
        return ngettext("On the first day of this program", "On all %(num)d days of this program", days)
    return ngettext("On the last day", "On your last %(num)d days", days)


def _headline(result: ReplayResult) -> Sequence[str]:
    """The answer in a few short sentences: what it costs, and who gains or loses."""
    costs = [_amount_change(one) for one in result.totals.costs or result.totals.values if one.before != one.after]
    gain = ngettext("%(num)d person gains", "%(num)d people gain", result.referrers.gaining)
    lose = ngettext("%(num)d loses", "%(num)d lose", result.referrers.losing)
    return [*(costs or [gettext("It costs the same")]), gain, lose]


def _amount_change(one: AmountChange) -> str:
    amount = amount_text(abs(one.after - one.before), one.unit)
    if one.after > one.before:
        return gettext("%(amount)s more", amount=amount)
    return gettext("%(amount)s less", amount=amount)


def _lines(result: ReplayResult) -> Iterator[Line]:
    totals = result.totals
    yield _count(gettext("Referrals that count"), totals.referrals)
    yield _count(gettext("Held for review"), totals.held)
    yield _count(gettext("Rewards of referrers"), totals.referrer_rewards)
    yield _count(gettext("Rewards of friends"), totals.friend_rewards)
    yield _count(gettext("Stopped by a cap"), totals.capped)
    for name, amounts in ((gettext("Worth of rewards"), totals.values), (gettext("Cost of rewards"), totals.costs)):
        for one in amounts:
            yield Line(
                name, amount_text(one.before, one.unit), amount_text(one.after, one.unit), _amount_difference(one)
            )


def _count(name: str, change: Change) -> Line:
    difference = change.after - change.before
    return Line(name, str(change.before), str(change.after), _with_sign(difference) if difference else "")


def _with_sign(difference: int) -> str:
    return f"▲ {difference}" if difference > 0 else f"▼ {-difference}"


def _amount_difference(one: AmountChange) -> str:
    difference = one.after - one.before
    return f"{'▲' if difference > 0 else '▼'} {amount_text(abs(difference), one.unit)}" if difference else ""


def _referrer(one: ReferrerChange) -> ReferrerLine:
    person = one.participant
    return ReferrerLine(person.id, person.display_name or person.external_id or person.id, one.referrals, one.rewards)


def _percent(replay: Replay) -> int:
    """How far it is: reading the events is most of the work."""
    progress = replay.progress
    if progress.phase == "done" or replay.status != "running":
        return 100
    share = progress.records_read / progress.records_total if progress.records_total else 0.0
    return int(80 * share) if progress.phase in ("starting", "attributing") else 90
