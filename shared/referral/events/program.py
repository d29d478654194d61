"""A program's rules, as the program file writes them and as the folds read them."""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.adapters import Adapter, WechatAccount
from referral.events.attributions import EvidenceKind, ReferrerKind
from referral.events.caption_template import PLACEHOLDERS
from referral.events.challenges import MAX_CHALLENGES, Challenge
from referral.events.content import ContentItem
from referral.events.facts import Channel
from referral.events.line import Text, Timestamp
from referral.events.rewards import RewardKind, Role
from referral.events.screening import Screening
from referral.events.section import (
    IN_SOME_LANGUAGE,
    UNIQUE,
    Currency,
    Language,
    Localized,
    Period,
    Section,
    ShortText,
    Slug,
    section,
)
from referral.events.value_checks import (
    caption,
    distinct_ignoring_case,
    not_paid_for_sharing,
    prize_rank,
    target_url,
    time_zone,
)

AttributionModel = Literal["first_touch", "last_touch"]
QualifyingEvent = Literal["person.followed", "order.paid", "person.retained"]
BoardMetric = Literal["referrals"]
PartnerKind = Literal["influencer", "brand", "community", "cross_promotion", "seeding"]
GENERATED = "generated"
"""The pool whose codes are generated instead of uploaded."""
_MAX_AMOUNT = 10**12

BlockedWord = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_-]{2,32}$", examples=["ADMIN"], extra={"must_be": "2 to 32 of A-Z, 0-9, - and _"}),
]
Caption = Annotated[str, Meta(min_length=1, max_length=512, extra={"check": caption})]
PrizeRank = Annotated[str, Meta(extra={"check": prize_rank})]


class Attribution(Section, frozen=True, kw_only=True):
    """Who gets the credit: which evidence counts, in which order, for how long, and when a referral qualifies.

    `order.paid` needs `min_amount` and `currency`; `person.retained` needs `retained_days`: still following that long after.
    """

    window_days: Annotated[int, Meta(ge=1, le=365, description="days within which a touch counts")] = 30
    model: Annotated[AttributionModel, Meta(description="which of several touches of one kind counts")] = "last_touch"
    evidence: Annotated[
        tuple[EvidenceKind, ...],
        Meta(min_length=1, description="which evidence counts, the strongest first", extra_json_schema=UNIQUE),
    ] = ("code", "click", "scan", "mention", "tag")
    qualifies_on: Annotated[QualifyingEvent, Meta(description="what makes a referral qualify")] = "person.followed"
    min_amount: (
        Annotated[
            Decimal,
            Meta(
                description="the least amount of a qualifying order",
                examples=[99, "99.90"],
                extra_json_schema={"minimum": 0, "maximum": _MAX_AMOUNT},
            ),
        ]
        | None
    ) = None
    currency: Annotated[Currency, Meta(description="the currency of min_amount (ISO 4217)")] | None = None
    retained_days: Annotated[int, Meta(ge=1, le=365, description="days that a new follower must stay")] | None = None
    refollow: Annotated[Literal["restore", "never"], Meta(description="what a second follow does to the referral")] = (
        "restore"
    )


class Reward(Section, frozen=True, kw_only=True):
    """A reward rule: who gets what, when. conversion.cleared rewards each referral (with `once` the first), milestone the N-th."""

    id: Annotated[Slug, Meta(description="your own name for this reward", examples=["guide"])]
    to: Annotated[Role, Meta(description="who gets it")]
    on: Annotated[
        Literal["conversion.cleared", "milestone"],
        Meta(description="when it is granted", extra={"check": not_paid_for_sharing}),
    ]
    kind: Annotated[RewardKind, Meta(description="what it is")]
    referrals: Annotated[int, Meta(ge=1, description="for a milestone, how many referrals it takes")] | None = None
    once: Annotated[bool, Meta(description="true rewards the first referral only")] = False
    pool: (
        Annotated[
            str,
            Meta(
                pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
                description="for a guide its file name; for codes the uploaded pool, or generated",
                examples=["skincare-secrets.pdf"],
                extra={"must_be": "1 to 128 letters, digits, . _ and -, beginning with a letter or digit"},
            ),
        ]
        | None
    ) = None
    percent: Annotated[int, Meta(ge=1, le=100, description="the discount of a discount code in percent")] | None = None
    worth: Annotated[ShortText, Meta(description="its value as people read it", examples=["¥99"])] | None = None
    expires_days: Annotated[int, Meta(ge=1, description="days after the grant in which it can be redeemed")] | None = (
        None
    )
    fulfilment: Annotated[Literal["automatic", "manual"], Meta(description="how it is handed out")] = "automatic"

    @property
    def milestone(self) -> int | None:
        """How many conversions a referrer's reward needs; None if it is not a milestone."""
        if self.to == "referee":
            return None
        return self.referrals if self.on == "milestone" else (1 if self.once else None)

    @property
    def pays_each(self) -> bool:
        """Whether each conversion earns it. A referee has one conversion, so `once` changes nothing for them."""
        return self.on == "conversion.cleared" and self.milestone is None


class Board(Section, frozen=True, kw_only=True):
    """A ranking: what is counted, over which periods, and what the ranks earn (`1` or `2-10` → the prize's name)."""

    metric: Annotated[BoardMetric, Meta(description="what is counted")]
    periods: Annotated[
        tuple[Period, ...], Meta(min_length=1, description="over which periods", extra_json_schema=UNIQUE)
    ] = ("day", "week", "month", "all")
    prizes: Annotated[
        dict[Period, dict[PrizeRank, ShortText]],
        Meta(
            description="for a period, what the ranks earn",
            examples=[{"month": {"1": "grand", "2-10": "gift"}}],
        ),
    ] = field(default_factory=dict)


class CodeRules(Section, frozen=True, kw_only=True):
    """Which referral codes are allowed; no code contains a word of `blocklist`, in upper or lower case."""

    vanity: Annotated[bool, Meta(description="whether participants may choose a code of their own")] = True
    blocklist: Annotated[
        tuple[BlockedWord, ...],
        Meta(description="what no code may contain, in upper or lower case", extra={"check": distinct_ignoring_case}),
    ] = ()


class Budget(Section, frozen=True, kw_only=True):
    """The most that all rewards together may cost, in the currency's main unit (ISO 4217)."""

    total: Annotated[int, Meta(ge=1, description="the most that all rewards may cost, in the currency's main unit")]
    currency: Annotated[Currency, Meta(description="the currency (ISO 4217)")]


class Caps(Section, frozen=True, kw_only=True):
    """Limits: rewarded referrals of one referrer per period, and the program's budget."""

    per_referrer: Annotated[
        dict[Period, Annotated[int, Meta(ge=1)]],
        Meta(
            description="for a period, how many referrals of one referrer are rewarded",
            examples=[{"month": 200}],
        ),
    ] = field(default_factory=dict)
    budget: Annotated[Budget, Meta(description="the most that all rewards together may cost")] | None = None


class Partner(Section, frozen=True, kw_only=True):
    """A partner who promotes the program beside its participants: their relation to it, and the channel they use."""

    id: Annotated[Slug, Meta(description="your own name for this partner", examples=["kol_lin"])]
    kind: Annotated[PartnerKind, Meta(description="their relation to the program")]
    channel: Annotated[Channel, Meta(description="where they promote it, one of the program's channels")]
    name: Annotated[Localized, Meta(description="the name people know them by")] = field(default_factory=dict)


class Program(Section, frozen=True, kw_only=True):
    """All rules of a referral program."""

    id: Annotated[
        str,
        # The id becomes part of keys, in which | and : are separators, and of URLs.
        Meta(
            pattern=r"^prg_[a-z0-9_]{1,60}$",
            description="prg_ and a name of your own",
            examples=["prg_glow"],
            extra={"must_be": "prg_ and 1 to 60 of a-z, 0-9 and _"},
        ),
    ]
    name: Annotated[Localized, Meta(description="the program's name, in one or more languages")]
    timezone: Annotated[
        str,
        Meta(
            max_length=128,
            description="the IANA time zone in which days and months begin",
            examples=["Asia/Shanghai"],
            extra={"check": time_zone},
        ),
    ]
    target_url: Annotated[
        Text,
        Meta(description="where links lead", examples=["https://example.com/follow"], extra={"check": target_url}),
    ]
    fallback_url: (
        Annotated[
            Text,
            Meta(
                description="where people may go on from an expired or unknown link",
                examples=["https://example.com/"],
                extra={"check": target_url, "left_out": "a page explains why the link does not work"},
            ),
        ]
        | None
    ) = None
    channels: Annotated[
        tuple[Channel, ...],
        Meta(
            min_length=1,
            description="where the program runs",
            extra_json_schema=UNIQUE,
            extra={"must_be": "a list of at least one channel"},
        ),
    ]
    attribution: Annotated[
        Attribution,
        section(
            "Attribution",
            "who gets the credit",
            why="Who gets the credit when a person follows.",
            use="conversion-tracker decides each follow by the version that was in effect when it happened.",
        ),
    ] = Attribution()
    screening: Annotated[
        Screening,
        section(
            "Screening",
            "what happens to suspicious referrals",
            why="What happens to referrals that look suspicious.",
            use="conversion-tracker clears, holds or rejects each referral by it; what each rule detects:"
            " [Screening](screening.md).",
        ),
    ] = Screening()
    rewards: Annotated[
        tuple[Reward, ...],
        section(
            "Rewards",
            "who gets what, and when",
            why="Both sides get something: that makes an invitation a gift instead of a favour.",
            use="reward-dispatcher grants, fulfils and revokes rewards by it, after `holding_days`.",
        ),
    ] = ()
    holding_days: Annotated[int, Meta(ge=0, le=365, description="days a reward waits before it can be used")] = 0
    caps: Annotated[
        Caps,
        section(
            "Caps",
            "limits on what is given",
            why="The most that may be given, so that success stays affordable.",
            use="Stored with each version and compared. Rewards are **not yet** limited by it; `check` warns about that"
            " (`caps_not_applied`).",
        ),
    ] = Caps()
    boards: Annotated[
        tuple[Board, ...],
        section(
            "Boards",
            "the leaderboards",
            why="A public ranking: promoters come back to see their rank.",
            use="leaderboard ranks by it and shows the prizes on the board's page; people hand out the prizes.",
        ),
    ] = ()
    content: Annotated[
        tuple[ContentItem, ...],
        section(
            "Content",
            "what is shared, and its calls to action",
            why="What is shared, and the calls to action in it.",
            use="A link may name a content item and its call to action; clicks and follows carry both. `check` scores each item by"
            " its `elements`. An experiment declares what is compared.",
        ),
    ] = ()
    kits: Annotated[
        dict[Channel, Annotated[dict[Language, Caption], Meta(min_length=1, extra=IN_SOME_LANGUAGE)]],
        section(
            "Share kits",
            f"captions to share, in one or more languages, with the placeholders {PLACEHOLDERS}, by channel",
            why="Ready captions for each channel make sharing one tap.",
            use="link-issuer makes the share kit's caption and the share page's text from them; if one is missing, or a placeholder"
            " has no value, from the content's hook and call to action. Both are checked against the channel's policy.",
        ),
    ] = field(default_factory=dict)
    codes: Annotated[
        CodeRules,
        section(
            "Codes",
            "which referral codes are allowed",
            why="Which referral codes are allowed.",
            use="link-issuer generates no code that contains a blocked word, and refuses a chosen one; existing codes stay.",
        ),
    ] = CodeRules()
    challenges: Annotated[
        tuple[Challenge, ...],
        Meta(max_length=MAX_CHALLENGES),
        section(
            "Challenges",
            "what followers are invited to post",
            why="Something to post about: followers' own posts bring followers who trust them.",
            use="Stored with each version. Two challenges never have the same hashtag on the same day, so that each post belongs to"
            " one.",
        ),
    ] = ()
    partners: Annotated[
        tuple[Partner, ...],
        section(
            "Partners",
            "who promotes the program beside its participants",
            why="Cross-promotion, communities, seeding: who promotes the program beyond its followers.",
            use="Each may be enrolled (`POST …/participants` with `partner`), and refers by code, link and mention as a follower"
            " does. The friends they refer are rewarded; they themselves are not, since their pay is agreed with them, and they"
            " have a board of their own (`?kind=partner`). A follower's link may also be made for a partner. Clicks, referrals"
            " and conversions carry the partner's id, so that each partner's results can be measured.",
        ),
    ] = ()
    ends_at: (
        Annotated[
            Timestamp,
            Meta(
                description="when the program closes",
                examples=["2026-12-31T23:59:59+08:00"],
                extra={"left_out": "never"},
            ),
        ]
        | None
    ) = None
    adapters: Annotated[
        tuple[Adapter, ...],
        section(
            "Adapters",
            "other platforms' webhooks, and how they become events",
            why="Other platforms' webhooks become events without code of your own between them.",
            use="conversion-tracker reads requests to `/v1/adapters/{id}/{program}` by it; see [Adapters](adapters.md).",
        ),
    ] = ()
    wechat: Annotated[
        WechatAccount,
        section(
            "WeChat account",
            "the WeChat official account that sends callbacks",
            why="Whose callbacks count, and whether plaintext callbacks are refused.",
            use="conversion-tracker applies it at `/v1/adapters/wechat/{program}`; token and key are set separately, see"
            " [Adapters](adapters.md).",
        ),
    ] = WechatAccount()

    def rewards_for(self, referrer: ReferrerKind) -> list[Reward]:
        """The rewards that a conversion of such a referrer can earn: referrer rewards are for followers only."""
        return [rule for rule in self.rewards if rule.to == "referee" or referrer == "follower"]


class ProgramFile(Program, frozen=True, kw_only=True):
    """A program file: the program, and from when on its rules apply."""

    effective_from: (
        Annotated[
            Timestamp,
            Meta(
                description="when this version takes effect",
                examples=["2026-12-01T00:00:00+08:00"],
                extra={"left_out": "at once (a change after five seconds)"},
            ),
        ]
        | None
    ) = None
