"""One person's touches × model × share of the credit, in per cent."""

from dataclasses import dataclass

from referral_tools.attribution.case_steps import Step

MODELS = ("first_touch", "last_touch", "linear", "position_based")


@dataclass(frozen=True, slots=True)
class Share:
    """A touch, and how much of the credit it has under each of MODELS."""

    told: str
    step: Step
    percent: tuple[float, float, float, float]


TOUCHES = (
    Share("day 1: Amy's QR code is scanned", Step("scan", 1, {"scene": "AMY88"}), (100, 0, 25, 40)),
    Share("day 2: Bo's QR code is scanned", Step("scan", 2, {"scene": "BO88"}), (0, 100, 25, 10)),
    Share("day 3: Amy tags the person", Step("tag", 3, {"by": "xhs:amy"}), (0, 0, 25, 10)),
    Share("day 4: a code nobody has", Step("active", 4, {"code": "NOBODY"}), (0, 0, 0, 0)),
    Share("day 5: follows and mentions Bo", Step("follow", 5, {"mention": "@bo"}), (0, 0, 25, 40)),
)
