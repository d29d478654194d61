"""Reads what may explain a change of a figure: from the catalog, and from the challenges."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from leaderboard.domain.annotations import MAX_ANNOTATIONS, Annotation, annotations
from leaderboard.domain.date_range import DateRange
from leaderboard.http_api.dependencies import dependencies
from referral.http.context import context


def read_annotations(program: str, zone: str, days: DateRange) -> list[Annotation]:
    """Returns the annotations of a range of days in an IANA time zone. Raises redis's errors if Redis is unavailable."""
    there, shared, found = ZoneInfo(zone), context(), dependencies()
    begins, ends = (
        datetime.combine(day, time(), there).timestamp() for day in (days.first, days.last + timedelta(days=1))
    )
    challenges = found.challenge_terms.all_of(program, shared.catalog)
    started = [id_ for id_, one in challenges.items() if one.days.start_s < ends]
    featured = found.challenges.featured(program, started, begins, ends, MAX_ANNOTATIONS)
    return annotations(shared.catalog.versions(program), featured, there, days)
