"""Evidence × channel × outcome: what is credited to whom. The rules are the defaults: 30 days, last touch, all kinds."""

from dataclasses import dataclass

from referral.events.attributions import EvidenceKind, UnattributedReason
from referral.events.facts import Channel
from referral_tools.attribution.case_steps import AMY, BO, OWN_CODE, CaseStep

ENDS_ON_DAY = 50


@dataclass(frozen=True, slots=True)
class EvidenceCase:
    """What happened, and the outcome: who is credited for which kind of evidence, or why no referrer is."""

    description: str
    steps: tuple[CaseStep, ...]
    credited: tuple[str, EvidenceKind] | None = None
    reason: UnattributedReason | None = None

    def outcome(self, channel: Channel) -> str:
        """The cell of a channel: the channel of the evidence, even if another channel reported the follow."""
        if self.credited:
            return f"{self.credited[0]} · {channel}"
        return f"unattributed: `{self.reason}`"


CASES = (
    EvidenceCase("Amy's code is given with the follow", (CaseStep("follow", 2, {"code": "AMY88"}),), (AMY, "code")),
    EvidenceCase(
        "Amy's code was given a day before, in any event",
        (CaseStep("active", 1, {"code": "amy88"}), CaseStep("follow", 2)),
        (AMY, "code"),
    ),
    EvidenceCase(
        "Amy's link was opened; the follow carries the click", (CaseStep("follow", 2, click=(AMY, 1)),), (AMY, "click")
    ),
    EvidenceCase(
        "Amy's QR code was scanned", (CaseStep("scan", 1, {"scene": "AMY88"}), CaseStep("follow", 2)), (AMY, "scan")
    ),
    EvidenceCase("Amy is mentioned with the follow", (CaseStep("follow", 2, {"mention": "@amy"}),), (AMY, "mention")),
    EvidenceCase("Amy tagged the person", (CaseStep("tag", 1, {"by": "xhs:amy"}), CaseStep("follow", 2)), (AMY, "tag")),
    EvidenceCase(
        "Amy's link was opened, and Bo's code is given",
        (CaseStep("follow", 2, {"code": "BO88"}, click=(AMY, 1.5)),),
        (BO, "code"),
    ),
    EvidenceCase(
        "Amy's QR code was scanned, later Bo's",
        (CaseStep("scan", 1, {"scene": "AMY88"}), CaseStep("scan", 1.5, {"scene": "BO88"}), CaseStep("follow", 2)),
        (BO, "scan"),
    ),
    EvidenceCase(
        "the person's own code is given, and Amy's link was opened",
        (CaseStep("follow", 2, {"code": OWN_CODE}, click=(AMY, 1)),),
        (AMY, "click"),
    ),
    EvidenceCase("no evidence at all", (CaseStep("follow", 2),), reason="no_evidence"),
    EvidenceCase(
        "Amy's QR code is scanned after the follow",
        (CaseStep("follow", 2), CaseStep("scan", 3, {"scene": "AMY88"})),
        reason="no_evidence",
    ),
    EvidenceCase("an unknown code", (CaseStep("follow", 2, {"code": "NOBODY"}),), reason="unknown_code"),
    EvidenceCase(
        "a mention of a person who is not a participant",
        (CaseStep("follow", 2, {"mention": "@nobody"}),),
        reason="unknown_mention",
    ),
    EvidenceCase("their own code", (CaseStep("follow", 2, {"code": OWN_CODE}),), reason="self_referral"),
    EvidenceCase("Amy's link was opened 31 days before", (CaseStep("follow", 33, click=(AMY, 2)),), reason="expired"),
    EvidenceCase(
        "Amy's code is given after the program has ended",
        (CaseStep("follow", ENDS_ON_DAY + 1, {"code": "AMY88"}),),
        reason="program_closed",
    ),
)
