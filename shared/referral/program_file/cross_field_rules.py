"""Rules across the fields of a program file: what no field shows by itself.

The rules read the file as it was sent, so that a mistake in one place does not hide another; a field that is invalid by itself is
not reported as missing or misplaced as well.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import assert_never, get_args
from zoneinfo import ZoneInfo

from referral.events.attribution_rules import QualifyingEvent
from referral.events.board_rules import MAX_PRIZES, BoardPeriod
from referral.events.challenges import MAX_CHALLENGES
from referral.events.content import MAX_CTAS
from referral.events.facts import Channel
from referral.events.prize_ranks import overlaps
from referral.events.section import Period
from referral.program_file.adapter_rules import adapter_fields
from referral.program_file.code_rules import code_belongs, codes_cannot_be_guessed
from referral.program_file.kind_rules import kind_mistakes
from referral.program_file.money_rules import money_of_rewards
from referral.program_file.prize_rules import (
    challenge_prizes_are_rewards,
    draws_can_be_held,
    prizes_are_rewards,
    tickets_are_in_draws,
)
from referral.program_file.raw_section import RawSection, with_ancestors
from referral.program_file.trigger_rules import trigger_mistakes
from referral.validation.mistakes import Mistake

Rule = Callable[[RawSection], Iterator[Mistake]]


def cross_field_mistakes(document: object, invalid: Iterable[str]) -> Iterator[Mistake]:
    """The mistakes in a program file beyond those at the pointers `invalid`."""
    program = RawSection(document if isinstance(document, Mapping) else {}, "", with_ancestors(invalid))
    for rule in RULES:
        yield from rule(program)


def unique_names(program: RawSection) -> Iterator[Mistake]:
    """Sections of a list have different ids, boards different metrics."""
    for name in ("rewards", "draws", "content", "challenges", "partners", "adapters"):
        yield from _duplicates(program, name, "id")
    yield from _duplicates(program, "boards", "metric")
    for item in program.sections("content"):
        yield from _duplicates(item, "ctas", "id")


def _duplicates(section: RawSection, name: str, key: str) -> Iterator[Mistake]:
    seen: set[str] = set()
    for one in section.sections(name):
        value = one.raw_text(key)
        if value is not None and value in seen:
            yield one.mistake(key, f"{value[:64]} is used twice: give each its own {key}")
        elif value is not None:
            seen.add(value)


def qualifying_fields(program: RawSection) -> Iterator[Mistake]:
    """`qualifies_on` has the fields it needs, and no other event's."""
    attribution = program.section("attribution")
    if attribution.has("qualifies_on") and attribution.text("qualifies_on") is None:
        return
    chosen = attribution.text("qualifies_on") or "person.followed"
    for event in get_args(QualifyingEvent):
        for name, example in _qualifying_fields(event).items():
            if event == chosen and not attribution.has(name):
                yield attribution.mistake(name, f"is required: qualifies_on {event} needs {example}")
            elif event != chosen and attribution.get(name) is not None:
                yield attribution.mistake(name, f"belongs to qualifies_on {event}: write that, or remove it")


def _qualifying_fields(event: QualifyingEvent) -> dict[str, str]:
    """The fields that an event needs, with an example of each."""
    match event:
        case "person.followed":
            return {}
        case "order.paid":
            return {
                "min_amount": "the least amount of the order, such as min_amount: 99",
                "currency": "the currency of min_amount, such as currency: CNY",
            }
        case "person.retained":
            return {"retained_days": "the days to stay, such as retained_days: 7"}
        case _:
            assert_never(event)


def reward_fields(program: RawSection) -> Iterator[Mistake]:
    """A reward has the fields that its trigger and its kind need, and no others."""
    for reward in program.sections("rewards"):
        yield from trigger_mistakes(reward)
        yield from kind_mistakes(reward)
        yield from code_belongs(reward)


def conditions_can_hold(program: RawSection) -> Iterator[Mistake]:
    """The conditions of a reward name channels and partners that the program has."""
    known = {
        "channels": [one for one in program.raw_list("channels") if isinstance(one, str)],
        "partners": [id_ for one in program.sections("partners") if (id_ := one.raw_text("id"))],
    }
    for reward in program.sections("rewards"):
        where = reward.section("where")
        for field, names in known.items():
            place = RawSection({}, f"{where.pointer}/{field}", where.invalid)
            for index, name in enumerate(where.raw_list(field)):
                is_valid = f"{place.pointer}/{index}" not in where.invalid
                if isinstance(name, str) and is_valid and name not in names:
                    yield place.mistake(
                        index, f"{name[:64]} is not in {field} of the program: add it there, or remove it"
                    )


def campaign_is_declared(program: RawSection) -> Iterator[Mistake]:
    """A board of the campaign needs its days."""
    if program.has("campaign"):
        return
    for board in program.sections("boards"):
        for index, period in enumerate(board.raw_list("periods")):
            if period == "campaign":
                place = RawSection({}, f"{board.pointer}/periods", board.invalid)
                yield place.mistake(
                    index, "the program has no campaign: add `campaign` with starts and days, or remove this"
                )


def prizes_can_be_won(program: RawSection) -> Iterator[Mistake]:
    """A board's prizes are for periods that it has, and each rank has one prize."""
    for board in program.sections("boards"):
        sent = board.raw_list("periods")
        periods = [period for period in get_args(BoardPeriod) if period in sent] or get_args(Period)
        prizes = board.section("prizes")
        for period in get_args(BoardPeriod):
            if not prizes.has(period):
                continue
            if period not in periods:
                detail = f"the board has no {period} ranking: add {period} to periods, or remove these prizes"
                yield prizes.mistake(period, detail)
                continue
            ranks = prizes.section(period)
            for text, taken in overlaps(islice(map(str, ranks.values), MAX_PRIZES)):
                yield ranks.mistake(text, f"gives rank {taken} a second prize: make the ranks not overlap")


def experiments(program: RawSection) -> Iterator[Mistake]:
    """An experiment compares calls to action of its own item, and has an id of its own: results are stored by it."""
    seen: set[str] = set()
    for item in program.sections("content"):
        experiment = item.section("experiment")
        yield from _unknown_variants(item, experiment)
        yield from _experiment_weights(experiment)
        id_ = experiment.raw_text("id")
        if id_ is not None and id_ in seen:
            yield experiment.mistake("id", f"{id_[:64]} is another item's experiment: give each its own id")
        elif id_ is not None:
            seen.add(id_)


def _unknown_variants(item: RawSection, experiment: RawSection) -> Iterator[Mistake]:
    known = dict.fromkeys(id_ for cta in item.sections("ctas") if (id_ := cta.raw_text("id")) is not None)
    options = " or ".join(islice(known, MAX_CTAS)) or "none, as the item has no calls to action"
    variants = RawSection({}, f"{experiment.pointer}/variants", item.invalid)
    for index, variant in enumerate(experiment.raw_list("variants")):
        if isinstance(variant, str) and variant not in known:
            yield variants.mistake(index, f"is not a call to action of this item: use {options}")


def _experiment_weights(experiment: RawSection) -> Iterator[Mistake]:
    variants, weights = experiment.raw_list("variants"), experiment.raw_list("weights")
    if weights and variants and len(weights) != len(variants):
        detail = f"must have one weight for each of the {len(variants)} variants, in their order; got {len(weights)}"
        yield experiment.mistake("weights", detail)


def channels_of_the_program(program: RawSection) -> Iterator[Mistake]:
    """Share kits and partners are on channels where the program runs."""
    sent = {channel for channel in program.raw_list("channels") if isinstance(channel, str)}
    own = [channel for channel in get_args(Channel) if channel in sent]
    remedy = f"use {', '.join(own)}, or add it to channels" if own else "add it to channels"
    if not program.raw_list("channels"):
        return
    kits = program.section("kits")
    named = [(kits, channel, channel) for channel in islice(kits.values, len(get_args(Channel)))]
    named += [(partner, "channel", partner.raw_text("channel") or "") for partner in program.sections("partners")]
    for section, name, channel in named:
        if channel in get_args(Channel) and channel not in own:
            yield section.mistake(name, f"{channel} is not a channel of this program: {remedy}")


def end_after_beginning(program: RawSection) -> Iterator[Mistake]:
    """A version takes effect before the program closes."""
    begins, ends = _instant(program.text("effective_from")), _instant(program.text("ends_at"))
    if begins is not None and ends is not None and ends <= begins:
        yield program.mistake("ends_at", "must be after effective_from: this version would never be in effect")


def challenges(program: RawSection) -> Iterator[Mistake]:
    """Challenges end with the program, and have prompts for their days."""
    last_day = _last_day(program)
    for challenge in islice(program.sections("challenges"), MAX_CHALLENGES):
        days = challenge.get("days")
        prompts = len(challenge.section("resources").raw_list("prompts"))
        if isinstance(days, int) and prompts > days:
            resources = challenge.section("resources")
            yield resources.mistake(
                "prompts", f"are {prompts} for {days} days: one per day is shown, so remove the rest"
            )
        if (span := _span(challenge)) is None:
            continue
        if last_day is not None:
            yield from _within_program(challenge, span, last_day)
        yield from _votes_within(challenge, span)


def _votes_within(challenge: RawSection, span: "_Span") -> Iterator[Mistake]:
    if (text := challenge.text("vote_from")) is None:
        return
    opens = date.fromisoformat(text)
    if opens < span.first or (span.after is not None and opens >= span.after):
        yield challenge.mistake("vote_from", "must be one of the days of the challenge")


def _within_program(challenge: RawSection, span: "_Span", last_day: date) -> Iterator[Mistake]:
    if span.first > last_day:
        detail = f"is after the program's end on {last_day}: let the challenge begin earlier, or move ends_at"
        yield challenge.mistake("starts", detail)
    elif span.after is not None and span.after - last_day > timedelta(1):
        most = (last_day - span.first).days + 1
        yield challenge.mistake("days", f"last beyond the program's end on {last_day}: write {most} at most")


def distinct_hashtags(program: RawSection) -> Iterator[Mistake]:
    """Two challenges with the same hashtag have no day in common, so that each post belongs to one."""
    seen: list[tuple[str, _Span, object]] = []
    for challenge in islice(program.sections("challenges"), MAX_CHALLENGES):
        span, hashtag = _span(challenge), challenge.raw_text("hashtag")
        if span is None or span.after is None or hashtag is None:
            continue
        for tag, other, id_ in seen:
            if tag == hashtag.casefold() and other.after and span.first < other.after and other.first < span.after:
                detail = f"is used by {id_} on the same days: use another, or let one challenge end first"
                yield challenge.mistake("hashtag", detail)
                break
        seen.append((hashtag.casefold(), span, challenge.values.get("id")))


@dataclass(frozen=True, slots=True)
class _Span:
    """When a challenge runs: from a day up to and excluding another; None if its days are far out of bounds."""

    first: date
    after: date | None


def _span(challenge: RawSection) -> _Span | None:
    starts, days = challenge.text("starts"), challenge.values.get("days")
    if starts is None or not isinstance(days, int):
        return None
    first = date.fromisoformat(starts)
    try:
        return _Span(first, first + timedelta(days))
    except OverflowError:
        return _Span(first, None)


def _last_day(program: RawSection) -> date | None:
    """The last day of the program in its time zone; if it closes at midnight, the day before."""
    ends, zone = _instant(program.text("ends_at")), program.text("timezone")
    if ends is None or zone is None:
        return None
    try:
        return (ends - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    except OverflowError:
        return ends.date()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


RULES: tuple[Rule, ...] = (
    unique_names,
    qualifying_fields,
    reward_fields,
    conditions_can_hold,
    money_of_rewards,
    codes_cannot_be_guessed,
    campaign_is_declared,
    prizes_can_be_won,
    prizes_are_rewards,
    draws_can_be_held,
    challenge_prizes_are_rewards,
    tickets_are_in_draws,
    experiments,
    channels_of_the_program,
    end_after_beginning,
    challenges,
    distinct_hashtags,
    adapter_fields,
)
"""Every rule across fields: add a rule here."""
