"""The sections of a program file as people read about them: in `docs/programs.md` and in `referral program diff`."""

from collections.abc import Mapping
from dataclasses import dataclass

BASICS = "The program"


@dataclass(frozen=True, slots=True)
class Section:
    """A section's heading, why a growth team wants it, and what the system does with it today."""

    title: str
    why: str
    use: str


SECTIONS: Mapping[str, Section] = {
    "attribution": Section(
        "Attribution",
        "Who gets the credit when somebody new follows.",
        "conversion-tracker judges every follow by the version that was in force when it happened.",
    ),
    "screening": Section(
        "Screening",
        "What is done about referrals that look wrong.",
        "conversion-tracker clears, holds or rejects each referral by it; what each rule sees: [Screening](screening.md).",
    ),
    "rewards": Section(
        "Rewards",
        "Both sides get something: an invitation is then a gift, not a favour.",
        "reward-dispatcher grants, fulfils and takes back by it, after `holding_days`.",
    ),
    "caps": Section(
        "Caps",
        "What may be given at most, so that a success does not ruin anybody.",
        "Kept with each version and compared. Rewards are **not yet** held back by it; `check` warns of it (`caps_not_applied`).",
    ),
    "boards": Section(
        "Boards",
        "Who leads, in public: promoters come back to see their place.",
        "leaderboard ranks by it and shows the prizes on the board's page; prizes are handed out by people.",
    ),
    "content": Section(
        "Content",
        "What is shared, and the words that ask for it.",
        "A link may name a content item and its call to action; clicks and follows carry both. `check` scores each item by its"
        " `elements`. An experiment says what is to be compared.",
    ),
    "adapters": Section(
        "Adapters",
        "Other platforms' webhooks come in as events, without a program of yours between them.",
        "conversion-tracker reads what is posted to `/v1/adapters/{id}/{program}` by it; see [Adapters](adapters.md).",
    ),
    "wechat": Section(
        "WeChat account",
        "Whose callbacks count, and that nothing in plaintext does.",
        "conversion-tracker asks for it at `/v1/adapters/wechat/{program}`; token and key are set beside it, see"
        " [Adapters](adapters.md).",
    ),
    "kits": Section(
        "Share kits",
        "Ready words for each channel, so that sharing is one tap.",
        "link-issuer makes the share kit's caption and the share page's words of them; where one is missing, or a blank stays"
        " empty, of the content's hook and call to action. Either is held against the channel's policy.",
    ),
    "codes": Section(
        "Codes",
        "Which referral codes there may be.",
        "link-issuer draws no code with a blocked word in it, and refuses a chosen one; codes that are out already stay.",
    ),
    "challenges": Section(
        "Challenges",
        "Something to post about: followers' own posts bring followers who trust them.",
        "Kept with each version. Two challenges never have the same hashtag on the same days, so that a post belongs to one.",
    ),
    "partners": Section(
        "Partners",
        "Cross-promotion, communities, seeding: who carries it beyond the followers.",
        "Each may be enrolled (`POST …/participants` with `partner`), and refers by code, link and mention as a follower does. The"
        " friends they bring are rewarded; they themselves are not, since what they get is agreed with them, and they rank on"
        " a board of their own (`?kind=partner`). A follower's link may be made for one too. Clicks, referrals and conversions "
        "carry the partner's id, so that what each brings can be told apart.",
    ),
}


def title(field: str) -> str:
    """The heading under which a field of the program stands."""
    return SECTIONS[field].title if field in SECTIONS else BASICS
