"""An explanation as a support person wants to read it: the verdict first, then the reasons, and the places on the log last."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from referral_tools.explain.explanation import (
    Cause,
    ExplainedParticipant,
    ExplainedReward,
    ExplainedTouch,
    Explanation,
    LogPosition,
    RewardState,
    Rules,
    Screening,
)
from referral_tools.observed_numbers import observed_text
from referral_tools.text_columns import align_columns

When = Callable[[datetime | None], str]


def text(one: Explanation) -> str:
    """The whole, in sections; times in the program's zone."""
    when = _when(one.timezone)
    sections = [
        (f"{one.external_id or one.id} in {one.program}", [one.verdict]),
        ("Person", align_columns(_person(one, when))),
        ("Touches, oldest first", _touches(one.touches, when)),
        ("Screening", _screening(one.screening, when)),
        ("Rewards", _rewards(one.rewards, when)),
        ("Rank of the referrer", [f"  {_rank(one)}"]),
        (f"On the log (times in {one.timezone}; topic/partition/offset/line)", _causes(one.causes, when)),
        ("Not found", [f"  {missing.step}: {missing.detail}" for missing in one.missing]),
    ]
    return "\n\n".join("\n".join([title, *lines]) for title, lines in sections if lines)


# What a status means to the reader, with its name in the API.
_CONVERSION_STATUS = {
    "cleared": "counts (cleared)",
    "held": "waits for a review (held)",
    "rejected": "does not count (rejected)",
    "reversed": "no longer counts (reversed)",
}
_REWARD_STATUS = {
    "granted": "was granted and is not approved yet (granted)",
    "held": "waits (held)",
    "approved": "is approved and not handed over yet (approved)",
    "fulfilled": "was handed over (fulfilled)",
    "delivered": "was received (delivered)",
    "redeemed": "was used (redeemed)",
    "revoked": "was taken back (revoked)",
    "expired": "has expired (expired)",
}


def _when(zone: str) -> When:
    place = ZoneInfo(zone)
    return lambda moment: f"{moment.astimezone(place):%Y-%m-%d %H:%M:%S}" if moment else "-"


def _person(one: Explanation, when: When) -> list[tuple[str, str]]:
    rows = [("follows", f"since {when(one.followed_at)}" if one.followed_at else "no")]
    rows += [("first followed", when(one.first_followed_at))] if one.first_followed_at else []
    rows += [("referral", f"{one.referral}, qualified {when(one.qualified_at)}")] if one.qualified_at else []
    rows += [("rules", _rules(one.rules, when))] if one.rules else []
    rows += [("ignored", sentence) for sentence in one.ignored]
    return rows


def _rules(rules: Rules, when: When) -> str:
    amount = f" of {rules.min_amount} {rules.currency} or more" if rules.min_amount else ""
    days = f" for {rules.retained_days} days" if rules.retained_days else ""
    return (
        f"version {rules.version}, in force from {when(rules.effective_from)}: {rules.model} within {rules.window_days} days,"
        f" {' before '.join(rules.evidence)}; pays on {rules.qualifies_on}{amount}{days}"
    )


def _touches(touches: Sequence[ExplainedTouch], when: When) -> list[str]:
    rows = [
        (when(one.touched_at), f"{one.kind} {one.code or ''}".rstrip(), _name(one.referrer), one.why, _at(one.place))
        for one in touches
    ]
    lines = align_columns(rows)
    reasons = {one.why: one.detail for one in touches}
    return [*lines, *align_columns([(f"{why}:", detail) for why, detail in reasons.items()], indent="    ")]


def _screening(screening: Screening | None, when: When) -> list[str]:
    if screening is None:
        return []
    found = [(one.reason, one.outcome, one.description + observed_text(one.observed)) for one in screening.findings]
    status = _CONVERSION_STATUS.get(screening.status, screening.status)
    lines = [f"  {screening.conversion} {status}", *align_columns(found, indent="    ")]
    if screening.review is not None:
        review = screening.review
        note = f": {review.note}" if review.note else ""
        lines.append(f"    {review.by} decided {when(review.reviewed_at)}: {review.decision}{note}")
    return lines


def _rewards(rewards: Sequence[ExplainedReward], when: When) -> list[str]:
    lines: list[str] = []
    for one in rewards:
        friends = "a first friend" if one.milestone == 1 else f"{one.milestone} friends"
        milestone = f", for {friends}," if one.milestone else ""
        what = f"{one.rule} ({one.kind})" if one.rule else "granted for another conversion"
        clawback = ", with clawback" if one.clawback else ""
        lines.append(
            f"  {one.external_id or one.beneficiary}: {what}{milestone}"
            f" {_REWARD_STATUS.get(one.status, one.status)}{clawback}  {one.id}"
        )
        rows = [(when(state.at), _at(state.place), _state(state)) for state in one.states]
        lines += align_columns(rows, indent="    ")
    return lines


def _state(state: RewardState) -> str:
    return f"{state.state}: {state.reason}" if state.reason else state.state


def _rank(one: Explanation) -> str:
    if one.rank is None:
        return one.rank_unknown or "not known"
    if one.rank.rank is None:
        return f"{_name(one.referrer)} has no referral that counts"
    referrals = "1 referral" if one.rank.score == 1 else f"{one.rank.score} referrals"
    return f"#{one.rank.rank} of {one.rank.total} on the board of all time, with {referrals}"


def _causes(causes: Sequence[Cause], when: When) -> list[str]:
    """Each line with what led to it; a fact has nothing there."""
    rows = [(when(one.recorded_at), _at(one.place), one.type, one.says) for one in causes]
    return align_columns(rows)


def _name(participant: ExplainedParticipant | None) -> str:
    if participant is None:
        return "-"
    if participant.display_name and participant.external_id:
        return f"{participant.display_name} ({participant.external_id})"
    return participant.external_id or participant.id


def _at(place: LogPosition | None) -> str:
    return f"{place.topic}/{place.partition}/{place.offset}/{place.line}" if place else "-"
