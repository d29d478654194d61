"""Clicks whose class is corrected: what is said of each, and which of them gives a place of a bounded link back."""

from datetime import datetime

from referral.events.facts import ClickReclassed, LinkClicked, Visitor
from referral.events.ids import derive_id
from referral.events.timestamps import to_ms


def reclassed(click: LinkClicked, visitor: Visitor, at: datetime, by: str, note: str = "") -> ClickReclassed:
    """What is said of a click: everything that a counter needs to move it, whether or not it has met the click."""
    return ClickReclassed(
        occurred_at=at,
        id=derive_id("evt", click.program, click.id, visitor, str(to_ms(at))),
        program=click.program,
        click=click.id,
        participant=click.participant,
        code=click.code,
        clicked_at=click.occurred_at,
        was=click.visitor,
        visitor=visitor,
        by=by,
        note=note,
    )


def returns(line: ClickReclassed, is_back: bool) -> bool | None:
    """Whether the click's place of a bounded link is to be given back (True) or taken again (False); None: as it is.

    Only what a person's click took can come back; `is_back` says whether it has. A machine's click took no place, and takes none
    when it turns out to have been a person's: that opening was let through.
    """
    if line.was != "person" or (line.visitor != "person") == is_back:
        return None
    return line.visitor != "person"
