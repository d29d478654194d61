"""A program's rules, as the program file writes them and as the folds read them."""

from typing import Annotated, Literal

from msgspec import Meta, field

from referral.events.adapters import MAX_ADAPTERS, Adapter
from referral.events.attribution_rules import Attribution
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import MAX_BOARDS, Board, Campaign
from referral.events.caption_template import PLACEHOLDERS
from referral.events.challenges import MAX_CHALLENGES, Challenge
from referral.events.content import MAX_CONTENT_ITEMS, ContentItem
from referral.events.draw_rules import MAX_DRAWS, Draw
from referral.events.embed_rules import EmbedRules
from referral.events.facts import Channel
from referral.events.join_page import JoinPage
from referral.events.line import Text, Timestamp
from referral.events.pool_rules import MAX_POOL_RULES, PoolRules
from referral.events.promoter_messages import Messages
from referral.events.reward_rules import MAX_REWARDS, Caps, PoolName, Reward
from referral.events.screening import Screening
from referral.events.section import (
    IN_SOME_LANGUAGE,
    MAX_LANGUAGES,
    UNIQUE,
    YEARS,
    Language,
    Localized,
    Section,
    Slug,
    section,
)
from referral.events.value_checks import (
    caption,
    distinct_ignoring_case,
    target_url,
    time_zone,
)
from referral.events.wechat_rules import WechatAccount

MAX_BLOCKED_WORDS = 1000
MAX_PARTNERS = 500

PartnerKind = Literal["influencer", "brand", "community", "cross_promotion", "seeding"]

BlockedWord = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_-]{2,32}$", examples=["ADMIN"], extra={"must_be": "2 to 32 of A-Z, 0-9, - and _"}),
]
Caption = Annotated[str, Meta(min_length=1, max_length=512, extra={"check": caption})]


class CodeRules(Section, frozen=True, kw_only=True):
    """Which referral codes are allowed; no code contains a word of `blocklist`, in upper or lower case."""

    vanity: Annotated[bool, Meta(description="whether participants may choose a code of their own")] = True
    blocklist: Annotated[
        tuple[BlockedWord, ...],
        Meta(
            max_length=MAX_BLOCKED_WORDS,
            description="what no code may contain, in upper or lower case",
            extra={"check": distinct_ignoring_case},
        ),
    ] = ()


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
    fallback_url: Annotated[
        Text | None,
        Meta(
            description="where people may go on from an expired or unknown link",
            examples=["https://example.com/"],
            extra={"check": target_url, "left_out": "a page explains why the link does not work"},
        ),
    ] = None
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
        Meta(max_length=MAX_REWARDS),
        section(
            "Rewards",
            "who gets what, and when",
            why="Both sides get something: that makes an invitation a gift instead of a favour.",
            use="reward-dispatcher grants, fulfils and revokes rewards by it, after `holding_days`.",
        ),
    ] = ()
    pools: Annotated[
        dict[PoolName, PoolRules],
        Meta(max_length=MAX_POOL_RULES),
        section(
            "Pools",
            "pools of uploaded codes, by name",
            why="Codes run out: more should be uploaded before a reward has to wait.",
            use="A pool that rules name and that has fewer codes than its `low_water` is shown as low (`referral pools list`), and"
            " raises the alert `PoolLow`.",
        ),
    ] = field(default_factory=dict)
    holding_days: Annotated[int, Meta(ge=0, le=365, description="days a reward waits before it can be used")] = 0
    caps: Annotated[
        Caps,
        section(
            "Caps",
            "limits on what is given",
            why="The most that may be given, so that success stays affordable.",
            use="`budget`, like the `budget` of a rule, is never exceeded by one unit: [Budgets](budgets.md). reward-dispatcher"
            " counts each referrer's referrals by `per_referrer` in log order, in days, weeks and months of the program's"
            " time zone, by when they qualified. A referral beyond a cap earns its referrer nothing and counts for no milestone,"
            " tier or streak; the friend keeps what they were promised. What was stopped is listed with its reason"
            " (`GET /v1/programs/{p}/rewards/stopped`); a referral that is reversed frees its place for the next one.",
        ),
    ] = Caps()
    boards: Annotated[
        tuple[Board, ...],
        Meta(max_length=MAX_BOARDS),
        section(
            "Boards",
            "the leaderboards",
            why="A public ranking: promoters come back to see their rank.",
            use="leaderboard ranks by it and shows the prizes on the board's page. Each day, week and month of a board is"
            " [closed](closings.md) 24 hours after it ends, for ever. A prize that is the id of a reward with `on: board.prize` is"
            " paid as that reward, after `holding_days`; people hand out any other prize.",
        ),
    ] = ()
    draws: Annotated[
        tuple[Draw, ...],
        Meta(max_length=MAX_DRAWS),
        section(
            "Draws",
            "prizes drawn by lot among the entries of a closed board",
            why="Everyone who brought a friend can win, not only the fastest.",
            use="leaderboard commits to the entries when the board is closed, before the randomness is known, and draws once it is:"
            " [Draws](draws.md). reward-dispatcher pays each winner.",
        ),
    ] = ()
    campaign: Annotated[
        Campaign | None,
        Meta(description="the days that boards of the period `campaign` rank"),
        section(
            "Campaign",
            "the days of the boards of the campaign",
            why="A launch or a season with a ranking and prizes of its own, whatever the calendar says.",
            use="leaderboard ranks these days on boards with the period `campaign`. A later version cannot change them, and can"
            " declare only days to come: what happened before would be missing.",
        ),
    ] = None
    content: Annotated[
        tuple[ContentItem, ...],
        Meta(max_length=MAX_CONTENT_ITEMS),
        section(
            "Content",
            "what is shared, and its calls to action",
            why="What is shared, and the calls to action in it.",
            use="A link may name a content item and its call to action; clicks and follows carry both. `check` scores each item by"
            " its `elements`. People are assigned to the variants of an experiment, and its figures say which is better:"
            " [Experiments](experiments.md).",
        ),
    ] = ()
    kits: Annotated[
        dict[
            Channel,
            Annotated[dict[Language, Caption], Meta(min_length=1, max_length=MAX_LANGUAGES, extra=IN_SOME_LANGUAGE)],
        ],
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
    join: Annotated[
        JoinPage | None,
        Meta(description="lets followers enrol themselves at `/j/{program}`"),
        section(
            "Join page",
            "where followers enrol themselves",
            why="A follower becomes a promoter in one step, without a platform in between.",
            use="link-issuer serves `/j/{program}` and shows `consent` there: [Join page](join.md).",
        ),
    ] = None
    challenges: Annotated[
        tuple[Challenge, ...],
        Meta(max_length=MAX_CHALLENGES),
        section(
            "Challenges",
            "what followers are invited to post",
            why="Something to post about: followers' own posts bring followers who trust them.",
            use="Two challenges never have the same hashtag on the same day, so that each post belongs to one. What platforms"
            " send and what counts: [Challenges](challenges.md).",
        ),
    ] = ()
    partners: Annotated[
        tuple[Partner, ...],
        Meta(max_length=MAX_PARTNERS),
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
    ends_at: Annotated[
        Timestamp | None,
        Meta(
            description="when the program closes",
            examples=["2026-12-31T23:59:59+08:00"],
            extra={"left_out": "never", "years": YEARS},
        ),
    ] = None
    adapters: Annotated[
        tuple[Adapter, ...],
        Meta(max_length=MAX_ADAPTERS),
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
            "the WeChat official account: what it replies, its posters and its group chats",
            why="Followers get their own poster the moment they ask for it, and see how many friends came, without leaving WeChat.",
            use="conversion-tracker receives callbacks at `/v1/adapters/wechat/{program}` and replies within five seconds;"
            " reward-dispatcher sends posters as customer messages within WeChat's allowances: [WeChat](wechat.md). Token, key and"
            " app secret are set separately ([Adapters](adapters.md)).",
        ),
    ] = WechatAccount()
    embed: Annotated[
        EmbedRules,
        section(
            "Embedding",
            "which sites may show wallet, board and share sheet in a frame",
            why="Wallet, board and share sheet within your own app or site.",
            use="Browsers show the frames of [embed tokens](integration.md#frames) within pages of these origins alone; a change"
            " takes effect for frames that are loaded later.",
        ),
    ] = EmbedRules()

    messages: Annotated[
        Messages | None,
        Meta(description="messages to promoters"),
        section(
            "Messages",
            "messages to promoters: which, when, how often, in what words",
            why="Promoters who hear what their sharing led to share again.",
            use="reward-dispatcher sends them to people who agreed to messages, on the first channel that is open:"
            " [Messages](messages.md). Without this section none is sent.",
        ),
    ] = None

    def rewards_for(self, referrer: ReferrerKind) -> list[Reward]:
        """The rewards that a conversion of such a referrer can earn: referrer rewards are for followers only."""
        return [rule for rule in self.rewards if rule.to == "referee" or referrer == "follower"]


class ProgramFile(Program, frozen=True, kw_only=True):
    """A program file: the program, and from when on its rules apply."""

    effective_from: Annotated[
        Timestamp | None,
        Meta(
            description="when this version takes effect",
            examples=["2026-12-01T00:00:00+08:00"],
            extra={"left_out": "at once (a change after five seconds)", "years": YEARS},
        ),
    ] = None
