"""docs/attribution.md: the tables, in words."""

from collections.abc import Iterable
from typing import get_args

from referral.events.facts import Channel
from referral_tools.attribution.credit_cases import MODELS, TOUCHES
from referral_tools.attribution.evidence_cases import CASES
from referral_tools.attribution.qualification_cases import CLOCK, CURRENCY, HISTORIES, MINIMUM, STAYS

Section = tuple[str, str, tuple[str, ...], list[tuple[str, ...]]]


def sections() -> Iterable[Section]:
    """Each table with its title, introduction, heads and rows."""
    yield evidence()
    yield qualification()
    yield credit()


def evidence() -> Section:
    """Who is credited."""
    channels = get_args(Channel)
    words = (
        "Who is credited, and through which channel; or why no referrer is. The first follow decides, by the touches up to then"
        " and within the window: the strongest kind of evidence first (`evidence` in the program file), within a kind the newest"
        " touch or, with `model: first_touch`, the oldest. These are the default rules.\n\n"
        "The order of a person's events is that of `occurred_at`, to the microsecond. Events of the same microsecond are ordered"
        " by type (evidence and orders, then follows, then unfollows), and then by id, the shorter id first: `evt_98` before"
        " `evt_100`."
        " Whether a person followed again in the microsecond of an unfollow cannot be known: send times that differ.\n\n"
        "Once the erasure of a participant is in effect, five seconds after it, their code, link and mention are of no one"
        " (`unknown_code`, `unknown_mention`), and a tag by them is no evidence. What happened before keeps its referrer."
    )
    rows = [
        (case.description, case.credited[1] if case.credited else "", *map(case.outcome, channels)) for case in CASES
    ]
    return "Evidence × channel × outcome", words, ("what is known", "won by", *channels), rows


def qualification() -> Section:
    """From when it pays."""
    words = (
        f"Attribution and qualification are two events. `order.paid` requires {MINIMUM} {CURRENCY} here"
        f" (`min_amount`, `currency`), `person.retained` {STAYS} days (`retained_days`); the clock is at day {CLOCK}."
        " *Cancelled* had not paid yet, *reversed* is taken back through conversions, rewards and boards, at any later time."
        " Who comes back is the same referral with the same ids: an order since the first follow still carries it, the days of"
        " staying begin again, and nothing is paid twice."
    )
    heads = ("the person", *(f"`{answer}`" for answer in HISTORIES[0].pays_from))
    rows = [(one.description, *map(one.outcome, one.pays_from)) for one in HISTORIES]
    return "What happened × what the program pays for", words, heads, rows


def credit() -> Section:
    """Credit by model."""
    words = (
        "All four models are computed for every person and shown by `GET /v1/programs/{p}/people/{id}`; the program's `model`"
        " (first or last touch) alone pays. First and last touch stay within the strongest kind of evidence; linear and"
        " position-based weigh every touch that counts, whatever its kind."
    )
    rows = [(one.description, *(f"{percent:g} %" if percent else "" for percent in one.percent)) for one in TOUCHES]
    return "Touch × model × credit", words, ("touch", *(f"`{model}`" for model in MODELS)), rows
