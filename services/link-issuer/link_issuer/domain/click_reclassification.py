"""Corrections of a click's visitor class: the fact that corrects it, and whether it returns a use of a limited link."""

from datetime import datetime

from referral.events.facts import ClickReclassed, LinkClicked, Visitor
from referral.events.ids import derive_id
from referral.events.timestamps import to_ms


def reclassify(
    click: LinkClicked, visitor: Visitor, at: datetime, by: str, note: str | None, api_key: str
) -> ClickReclassed:
    """The fact that gives a click another class. It repeats what a counter needs, so that the click need not be known to it.

    `note` is the id of the operator's note about the participant, whose text is not on the log.
    """
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
        channel=click.channel,
        content=click.content,
        cta=click.cta,
        note=note,
        api_key=api_key,
    )


def new_return_state(line: ClickReclassed, was_returned: bool) -> bool | None:
    """Whether the click's use of a limited link is returned from now on; None if that does not change.

    Only a click recorded as a person's took a use that can be returned; `was_returned` is whether it was. A click recorded as
    automated took no use, and takes none if it is later reclassified as a person's: it has already been let through.
    """
    if line.was != "person" or (line.visitor != "person") == was_returned:
        return None
    return line.visitor != "person"
