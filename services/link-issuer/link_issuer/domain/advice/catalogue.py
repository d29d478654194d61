"""All advice rules, and the advice they give about a program.

To add one: write its file, add it to RULES, and show in tests/unit/link_issuer/test_advice.py what it finds and what it does not;
`make docs` writes it into docs/programs.md.
"""

from datetime import datetime

from link_issuer.domain.advice.advice_rule import Advice, AdviceRule
from link_issuer.domain.advice.already_ended import ALREADY_ENDED
from link_issuer.domain.advice.forced_sharing import FORCED_SHARING
from link_issuer.domain.advice.generic_cta import GENERIC_CTA
from link_issuer.domain.advice.hard_to_share import HARD_TO_SHARE
from link_issuer.domain.advice.induced_following import INDUCED_FOLLOWING
from link_issuer.domain.advice.kit_breaks_policy import KIT_BREAKS_POLICY
from link_issuer.domain.advice.link_on_xiaohongshu import LINK_ON_XIAOHONGSHU
from link_issuer.domain.advice.missing_element import MISSING_ELEMENT
from link_issuer.domain.advice.no_cta import NO_CTA
from link_issuer.domain.advice.no_reward import NO_REWARD
from link_issuer.domain.advice.no_ugc import NO_UGC
from link_issuer.domain.advice.one_sided_reward import ONE_SIDED_REWARD
from link_issuer.domain.advice.spammy_frequency import SPAMMY_FREQUENCY
from link_issuer.domain.advice.too_many_channels import TOO_MANY_CHANNELS
from link_issuer.domain.advice.untracked_channel import UNTRACKED_CHANNEL
from link_issuer.domain.advice.unusable_proof import UNUSABLE_PROOF
from referral.events.program import Program

RULES: tuple[AdviceRule, ...] = (
    NO_CTA,
    GENERIC_CTA,
    MISSING_ELEMENT,
    HARD_TO_SHARE,
    NO_REWARD,
    ONE_SIDED_REWARD,
    NO_UGC,
    FORCED_SHARING,
    INDUCED_FOLLOWING,
    UNTRACKED_CHANNEL,
    TOO_MANY_CHANNELS,
    SPAMMY_FREQUENCY,
    LINK_ON_XIAOHONGSHU,
    KIT_BREAKS_POLICY,
    UNUSABLE_PROOF,
    ALREADY_ENDED,
)


def find_advice(program: Program, now: datetime) -> list[Advice]:
    """The advice of all rules at a time, in the order of the catalogue."""
    return [
        Advice(rule.name, pointer, detail)
        for rule in RULES
        for pointer, detail in (*rule.find(program), *rule.find_at(program, now))
    ]
