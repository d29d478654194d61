"""What happened × what the program pays for × the day from which the referral pays. Amy's code is given with the first follow."""

from dataclasses import dataclass

from referral.events.attribution_rules import QualifyingEvent
from referral_tools.attribution.case_steps import CaseStep

CLOCK = 30
"""The day that the clock has reached."""
MINIMUM, CURRENCY, STAYS = 99, "CNY", 7


@dataclass(frozen=True, slots=True)
class QualificationCase:
    """What happened, and under each `qualifies_on` the day from which the referral pays (None: it does not).

    `stands` is whether Amy is credited with the person in the end.
    """

    description: str
    steps: tuple[CaseStep, ...]
    pays_from: dict[QualifyingEvent, float | None]
    stands: bool = True

    def outcome(self, qualifies_on: QualifyingEvent) -> str:
        """The cell."""
        if not self.stands:
            return "reversed" if self.pays_from[qualifies_on] is not None else "cancelled"
        day = self.pays_from[qualifies_on]
        return "attributed only" if day is None else f"pays from day {day:g}"


def _days(followed: float | None, ordered: float | None, stayed: float | None) -> dict[QualifyingEvent, float | None]:
    return {"person.followed": followed, "order.paid": ordered, "person.retained": stayed}


def _paid(day: float, order: str, amount: str = "99", currency: str = CURRENCY) -> CaseStep:
    return CaseStep("order", day, {"order": order, "amount": amount, "currency": currency})


_FOLLOWS = CaseStep("follow", 2, {"code": "AMY88"})
HISTORIES = (
    QualificationCase("follows on day 2", (_FOLLOWS,), _days(2, None, 9)),
    QualificationCase("… and pays 99 CNY on day 5", (_FOLLOWS, _paid(5, "o1")), _days(2, 5, 9)),
    QualificationCase("… and pays 98.99 CNY on day 5", (_FOLLOWS, _paid(5, "o1", "98.99")), _days(2, None, 9)),
    QualificationCase("… and pays 99 USD on day 5", (_FOLLOWS, _paid(5, "o1", "99", "USD")), _days(2, None, 9)),
    QualificationCase("… having paid 99 CNY on day 1", (_paid(1, "o1"), _FOLLOWS), _days(2, None, 9)),
    QualificationCase(
        "… pays on day 5, refunded on day 20",
        (_FOLLOWS, _paid(5, "o1"), CaseStep("refund", 20, {"order": "o1"})),
        _days(2, None, 9),
    ),
    QualificationCase(
        "… pays on days 5 and 6, the first refunded on day 20",
        (_FOLLOWS, _paid(5, "o1"), _paid(6, "o2"), CaseStep("refund", 20, {"order": "o1"})),
        _days(2, 6, 9),
    ),
    QualificationCase(
        "… and unfollows on day 4", (_FOLLOWS, CaseStep("unfollow", 4)), _days(2, None, None), stands=False
    ),
    QualificationCase(
        "… pays on day 5, unfollows on day 12",
        (_FOLLOWS, _paid(5, "o1"), CaseStep("unfollow", 12)),
        _days(2, 5, 9),
        stands=False,
    ),
    QualificationCase(
        "… pays on day 5, unfollows on day 6, follows again on day 20 by Bo's code",
        (_FOLLOWS, _paid(5, "o1"), CaseStep("unfollow", 6), CaseStep("follow", 20, {"code": "BO88"})),
        _days(20, 20, 27),
    ),
    QualificationCase(
        "… unfollows on day 4, follows again on day 25",
        (_FOLLOWS, CaseStep("unfollow", 4), CaseStep("follow", 25)),
        _days(25, None, None),
    ),
)
