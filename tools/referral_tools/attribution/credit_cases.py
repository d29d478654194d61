"""One person's touches × model × share of the credit, in per cent."""

from dataclasses import dataclass

from referral_tools.attribution.case_steps import CaseStep

MODELS = ("first_touch", "last_touch", "linear", "position_based")


@dataclass(frozen=True, slots=True)
class CreditCase:
    """A touch, and how much of the credit it has under each of MODELS."""

    description: str
    step: CaseStep
    percent: tuple[float, float, float, float]


TOUCHES = (
    CreditCase("day 1: Amy's QR code is scanned", CaseStep("scan", 1, {"scene": "AMY88"}), (100, 0, 25, 40)),
    CreditCase("day 2: Bo's QR code is scanned", CaseStep("scan", 2, {"scene": "BO88"}), (0, 100, 25, 10)),
    CreditCase("day 3: Amy tags the person", CaseStep("tag", 3, {"by": "xhs:amy"}), (0, 0, 25, 10)),
    CreditCase("day 4: an unknown code", CaseStep("active", 4, {"code": "NOBODY"}), (0, 0, 0, 0)),
    CreditCase("day 5: follows and mentions Bo", CaseStep("follow", 5, {"mention": "@bo"}), (0, 0, 25, 40)),
)
