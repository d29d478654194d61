"""The board section of a program file: one ranking each. It mirrors `referral.events.program.Board`."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from marshmallow import fields, validate, validates_schema

from link_issuer.programs.report import report
from referral.events.prize_ranks import overlaps, ranks
from referral.events.program import BoardMetric, Period
from referral.validation.fields import PlainDict, StrictSchema, choice, distinct, text


class BoardSection(StrictSchema):
    """A ranking."""

    metric = choice(get_args(BoardMetric), "what is counted")
    periods = fields.List(
        choice(get_args(Period), "a period"),
        validate=[validate.Length(min=1), distinct],
        metadata={"description": "over which periods"},
    )
    prizes = PlainDict(
        keys=choice(get_args(Period), "a period"),
        values=PlainDict(keys=fields.String(), values=text("the prize's name")),
        metadata={"description": "what the places of a period earn, such as {month: {1: grand, 2-10: gift}}"},
    )

    @validates_schema(skip_on_field_errors=False)
    def _prizes_can_be_won(self, board: dict[str, Any], **_: object) -> None:
        periods = board.get("periods", get_args(Period))
        mistakes = {
            period: _prize_mistakes(period, places, periods) for period, places in board.get("prizes", {}).items()
        }
        report({"prizes": {period: found for period, found in mistakes.items() if found}})


def _prize_mistakes(period: str, places: Mapping[str, str], periods: Sequence[str]) -> list[str] | dict[str, list[str]]:
    if period not in periods:
        return [f"there is no board for this period: add {period} to periods, or remove its prizes"]
    malformed = {text: ["is no place: write 1, or 2-10 for several"] for text in places if ranks(text) is None}
    return malformed or {
        text: [f"gives place {taken} a second prize: let places not overlap"] for text, taken in overlaps(places)
    }
