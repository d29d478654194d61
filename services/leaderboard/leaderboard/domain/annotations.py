"""What may explain a change in a figure: versions that came into force, first and last days of challenges, and featured posts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from leaderboard.domain.date_range import DateRange
from referral.events.entities import ProgramVersion

AnnotationKind = Literal["program_version", "challenge_start", "challenge_end", "post_featured"]
MAX_ANNOTATIONS = 100


@dataclass(frozen=True, slots=True)
class Annotation:
    """Something that happened on a day, `at` that moment; `name` is the version's number, or the challenge's id."""

    on: date
    at: datetime
    kind: AnnotationKind
    name: str


def annotations(
    versions: Iterable[ProgramVersion], featured: Iterable[tuple[float, str]], zone: ZoneInfo, days: DateRange
) -> list[Annotation]:
    """Returns the annotations of a range, the earliest first, at most MAX_ANNOTATIONS; the newest version has the challenges.

    `featured` are the seconds at which posts were featured, each with its challenge.
    """
    known = list(versions)
    newest = max(known, key=lambda one: one.version, default=None)
    posts = (_of_feature(second, challenge, zone) for second, challenge in featured)
    found = [*_of_versions(known, zone), *(_of_challenges(newest, zone) if newest else ()), *posts]
    within = [one for one in found if days.first <= one.on <= days.last]
    return most_telling(sorted(within, key=lambda one: (one.at, one.kind, one.name)), MAX_ANNOTATIONS)


def most_telling(found: Sequence[Annotation], most: int) -> list[Annotation]:
    """Returns at most `most` annotations in their order. Featured posts, of which there are many, are left out first."""
    featured_last = sorted(range(len(found)), key=lambda index: found[index].kind == "post_featured")
    return [found[index] for index in sorted(featured_last[:most])]


def _of_versions(versions: Iterable[ProgramVersion], zone: ZoneInfo) -> Iterator[Annotation]:
    for one in versions:
        at = one.effective_from
        yield Annotation(at.astimezone(zone).date(), at, "program_version", str(one.version))


def _of_challenges(newest: ProgramVersion, zone: ZoneInfo) -> Iterator[Annotation]:
    for one in newest.program.challenges:
        last = one.starts + timedelta(days=one.days - 1)
        yield _of_day(one.starts, zone, "challenge_start", one.id)
        yield _of_day(last, zone, "challenge_end", one.id)


def _of_feature(second: float, challenge: str, zone: ZoneInfo) -> Annotation:
    at = datetime.fromtimestamp(second, zone)
    return Annotation(at.date(), at, "post_featured", challenge)


def _of_day(day: date, zone: ZoneInfo, kind: AnnotationKind, name: str) -> Annotation:
    return Annotation(day, datetime.combine(day, datetime.min.time(), zone), kind, name)
