"""A calendar file that reminds of the first day of a challenge (iCalendar, RFC 5545): no message, no address, no account."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Response

from leaderboard.domain.challenge_score import ChallengeDays
from leaderboard.http_api.challenges import find_challenge
from referral.http.context import context
from referral.pages.languages import gettext, language, localize, use_languages_of

_LINE_BYTES = 75  # of a line of the file, without its break (section 3.1)
_ALARM_HOURS = 6  # before midnight of the first day: 18:00


def reminder_file(program: str, challenge: str) -> Response | None:
    """Returns the file, in the language of the request; None for an unknown program or challenge."""
    newest, found = context().catalog.program(program), find_challenge(program, challenge)
    if newest is None or found is None:
        return None
    use_languages_of(newest.program.name)
    declared, days = found
    address = f"{context().settings.board_url}/p/{program}/c/{challenge}?lang={language()}"
    summary = gettext("%(hashtag)s begins", hashtag=declared.hashtag)
    prompts = declared.resources.prompts
    text = " · ".join(one for one in (localize(newest.program.name), localize(prompts[0]) if prompts else "") if one)
    lines = _lines(program, days, summary, text, address, newest.recorded_at)
    content = "".join(f"{_folded(line)}\r\n" for line in lines)
    headers = {"Content-Disposition": f'attachment; filename="{challenge}.ics"', "Cache-Control": "public, max-age=300"}
    return Response(content, mimetype="text/calendar", headers=headers)


def _lines(program: str, days: ChallengeDays, summary: str, text: str, address: str, stamp: datetime) -> Iterator[str]:
    """The lines of the file: the first day as an event of the whole day, with an alarm on the evening before."""
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Referral Growth//Challenges//EN", "BEGIN:VEVENT")
    yield f"UID:{program}-{days.id}-start@referral-growth"
    yield f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{days.starts:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{days.starts + timedelta(1):%Y%m%d}"
    yield f"SUMMARY:{_escaped(summary)}"
    yield f"DESCRIPTION:{_escaped(text)}"
    yield f"URL:{address}"
    yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_escaped(summary)}", f"TRIGGER:-PT{_ALARM_HOURS}H")
    yield from ("END:VALARM", "END:VEVENT", "END:VCALENDAR")


def _escaped(text: str) -> str:
    """A text value (section 3.3.11)."""
    for one in ("\\", ";", ","):
        text = text.replace(one, f"\\{one}")
    return " ".join(text.split())


def _folded(line: str) -> str:
    """A line in parts of at most 75 bytes, whole characters each (section 3.1)."""
    parts, size = [""], 0
    for character in line:
        size += len(character.encode())
        if size > _LINE_BYTES:
            parts.append(" ")
            size = 1 + len(character.encode())
        parts[-1] += character
    return "\r\n".join(parts)
