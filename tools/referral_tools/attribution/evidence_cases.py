"""Evidence × channel × outcome: what counts as who brought a person. The rules are the defaults: 30 days, last touch, all kinds."""

from dataclasses import dataclass

from referral.events.attributions import EvidenceKind, UnattributedReason
from referral.events.facts import Channel
from referral_tools.attribution.case_steps import AMY, BO, OWN_CODE, Step

ENDS_ON_DAY = 50


@dataclass(frozen=True, slots=True)
class Case:
    """What happened, and the outcome: who is credited for which kind of evidence, or why nobody is."""

    told: str
    steps: tuple[Step, ...]
    credited: tuple[str, EvidenceKind] | None = None
    reason: UnattributedReason | None = None

    def outcome(self, channel: Channel) -> str:
        """The cell of a channel: the channel is that in which the evidence was given, be the follow told by another."""
        if self.credited:
            return f"{self.credited[0]} · {channel}"
        return f"nobody: `{self.reason}`"


CASES = (
    Case("Amy's code is said with the follow", (Step("follow", 2, {"code": "AMY88"}),), (AMY, "code")),
    Case(
        "Amy's code was said a day before, in any event",
        (Step("active", 1, {"code": "amy88"}), Step("follow", 2)),
        (AMY, "code"),
    ),
    Case("Amy's link was opened; the follow carries the click", (Step("follow", 2, click=(AMY, 1)),), (AMY, "click")),
    Case("Amy's QR code was scanned", (Step("scan", 1, {"scene": "AMY88"}), Step("follow", 2)), (AMY, "scan")),
    Case("Amy is mentioned with the follow", (Step("follow", 2, {"mention": "@amy"}),), (AMY, "mention")),
    Case("Amy tagged the person", (Step("tag", 1, {"by": "xhs:amy"}), Step("follow", 2)), (AMY, "tag")),
    Case(
        "Amy's link was opened, and Bo's code is said",
        (Step("follow", 2, {"code": "BO88"}, click=(AMY, 1.5)),),
        (BO, "code"),
    ),
    Case(
        "Amy's QR code was scanned, later Bo's",
        (Step("scan", 1, {"scene": "AMY88"}), Step("scan", 1.5, {"scene": "BO88"}), Step("follow", 2)),
        (BO, "scan"),
    ),
    Case(
        "their own code is said, and Amy's link was opened",
        (Step("follow", 2, {"code": OWN_CODE}, click=(AMY, 1)),),
        (AMY, "click"),
    ),
    Case("no evidence at all", (Step("follow", 2),), reason="no_evidence"),
    Case(
        "Amy's QR code is scanned after the follow",
        (Step("follow", 2), Step("scan", 3, {"scene": "AMY88"})),
        reason="no_evidence",
    ),
    Case("a code that nobody has", (Step("follow", 2, {"code": "NOBODY"}),), reason="unknown_code"),
    Case("a mention of nobody who takes part", (Step("follow", 2, {"mention": "@nobody"}),), reason="unknown_mention"),
    Case("their own code", (Step("follow", 2, {"code": OWN_CODE}),), reason="self_referral"),
    Case("Amy's link was opened 31 days before", (Step("follow", 33, click=(AMY, 2)),), reason="expired"),
    Case(
        "Amy's code is said after the program has ended",
        (Step("follow", ENDS_ON_DAY + 1, {"code": "AMY88"}),),
        reason="program_closed",
    ),
)
