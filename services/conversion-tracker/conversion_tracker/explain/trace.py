"""The trail of a person: the facts that bear on them, what was said because of these, and because of that, down to rewards.

Backward every step is one record: a line says its cause. Forward it is a look from the moment the cause was recorded on.
"""

from dataclasses import dataclass

from conversion_tracker.attribution.history import History
from conversion_tracker.attribution.timeline import HistoryEntry, Touch
from conversion_tracker.explain.conversion_steps import conversions
from conversion_tracker.explain.log_positions import Missing, Place, Step, is_about
from conversion_tracker.explain.reward_steps import rewards
from conversion_tracker.explain.trace_reader import Reading
from conversion_tracker.screening.conversion import Conversion
from referral.events.attributions import ReferralQualified
from referral.topics import ATTRIBUTIONS, CONVERSIONS, EVENTS, REWARDS, partition_of

_WALKED = tuple(topic.name for topic in (EVENTS, ATTRIBUTIONS, CONVERSIONS, REWARDS))
_MOST_FACTS = 12
_EVER = (-1, 0)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose trail: a person with their history, the touch that won, who made it, and the conversion it led to.

    `referrer` is a participant's id, `beneficiary` their id at the platform; each is None where there is none. `bans` are the
    moments (ms) of the bans that stand of either of them.
    """

    program: str
    person: str
    history: History
    won: Touch | None = None
    referrer: str | None = None
    beneficiary: str | None = None
    conversion: Conversion | None = None
    bans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Trail:
    """Every line that was found, facts first and then as they follow from each other; and what was not found."""

    steps: tuple[Step, ...]
    missing: tuple[Missing, ...]


def walk(asked: Asked, reading: Reading, partitions: int) -> Trail:
    """The trail, of a log whose topics have so many partitions. Raises LogAway."""
    facts = _facts(asked, reading, partitions)
    where = partition_of(f"{asked.program}|{asked.referrer or asked.person}", partitions)
    said = _attributions(asked, facts, reading, where)
    screened = conversions(asked.conversion, said, reading, where, asked.bans)
    people = [one for one in (asked.person, asked.beneficiary) if one]
    wallets = sorted({partition_of(f"{asked.program}|{one}", partitions) for one in people})
    found = [*facts, *said, *screened, *rewards(screened, reading, wallets)]
    return Trail(tuple(_in_order(_with_causes(found, reading))), tuple(reading.missing))


def place_of(asked: Asked, entry: HistoryEntry, partitions: int) -> Place | None:
    """Where the fact of an entry stands; None where that was not kept."""
    partition = partition_of(f"{asked.program}|{asked.person}", partitions)
    return Place(EVENTS.name, partition, entry.offset, entry.line) if entry.offset >= 0 else None


def _facts(asked: Asked, reading: Reading, partitions: int) -> list[Step]:
    """The facts that something may have been said because of, in the order they came."""
    found: list[Step] = []
    for entry in _telling(asked):
        place = place_of(asked, entry, partitions)
        step = reading.at(place) if place else None
        if step is not None and is_about(step.line, entry.id):
            found.append(step)
        else:
            reading.lacks(f"the fact {entry.id}", _lost(place))
    return found


def _telling(asked: Asked) -> list[HistoryEntry]:
    """The entries that something may have been said because of: nothing is before it is known that the person has followed.

    The first follow, what holds the touch that won, and the newest of the others.
    """
    history, first = asked.history, asked.history.timeline().first_follow
    known_from = min((_came(one) for one in history.entries if one.kind == "follow"), default=_EVER)
    since = _EVER if history.checkpoint and history.checkpoint.timeline.first_follow else known_from
    newest = sorted((one for one in history.entries if _came(one) >= since), key=_came)[-_MOST_FACTS:]
    won = [one for one in history.entries if asked.won in one.touches][:1]
    kept = {one.id: one for one in (*won, *newest, *([first] if first else []))}
    return sorted(kept.values(), key=_came)


def _came(entry: HistoryEntry) -> tuple[int, int]:
    return entry.offset, entry.line


def _attributions(asked: Asked, facts: list[Step], reading: Reading, where: int) -> list[Step]:
    """What was said of the person because of these facts, and the line that the conversion rests on."""
    found = {step.place: step for fact in facts for step in reading.led_to(fact, ATTRIBUTIONS, where)}
    mine = {place: step for place, step in found.items() if getattr(step.line, "person", None) == asked.person}
    if asked.conversion and (rests_on := _rests_on(asked.conversion, reading, where)):
        mine[rests_on.place] = rests_on
    return [step for _, step in sorted(mine.items())]


def _rests_on(conversion: Conversion, reading: Reading, where: int) -> Step | None:
    place = Place(ATTRIBUTIONS.name, where, conversion.offset, conversion.line)
    step = reading.at(place)
    if step and isinstance(step.line, ReferralQualified) and is_about(step.line, conversion.referral):
        return step
    reading.lacks("referral.qualified, which the conversion rests on", _lost(place))
    return None


def _with_causes(found: list[Step], reading: Reading) -> list[Step]:
    """With the cause of each, and its cause, down to facts: a clock tick, a person's decision, whatever there will be."""
    steps = {step.place: step for step in found}
    asking = list(found)
    while asking:
        cause = asking.pop().cause
        if cause is None or cause in steps or cause.topic not in _WALKED:
            continue
        step = reading.at(cause)
        if step is None:
            reading.lacks("a cause", _lost(cause))
        else:
            steps[cause] = step
            asking.append(step)
    return list(steps.values())


def _in_order(steps: list[Step]) -> list[Step]:
    """Topic by topic as they follow from each other, then as they were recorded."""
    return sorted(steps, key=lambda one: (_WALKED.index(one.place.topic), one.recorded_at_ms, one.place))


def _lost(place: Place | None) -> str:
    if place is None:
        return "Where it stands was not kept: it was taken in before places were. Look for its id in `events`."
    at = f"partition {place.partition} of `{place.topic}`, offset {place.offset}, line {place.line}"
    return (
        f"It should stand in {at}, and does not: that part of the log is gone, or this is another log than the state's."
    )
