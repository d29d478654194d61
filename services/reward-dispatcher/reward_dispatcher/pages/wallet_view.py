"""The wallet as its template shows it, composed from the ledger, the catalog, `people` and the parts of other services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import segno

from referral.entitlement.grants import ReferrerGrants
from referral.events.entities import Participant
from referral.events.people import Profile
from referral.events.program import Program
from referral.events.promoter_messages import MessageItem
from referral.events.section import Period
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.pages.languages import gettext, localize
from referral.tokens import WalletToken
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.next_milestone import CapRoom, MilestoneProgress, cap_room, next_milestone
from reward_dispatcher.domain.unit_balance import unit_balances
from reward_dispatcher.pages.balance_texts import balance_views
from reward_dispatcher.pages.friend_texts import friend_view
from reward_dispatcher.pages.message_texts import MessageFacts
from reward_dispatcher.pages.post_texts import own_post_view
from reward_dispatcher.pages.progress_words import progress_words
from reward_dispatcher.pages.tickets import Download, Moment, Ticket, find_rule, state_text, ticket
from reward_dispatcher.pages.wallet_doors import use_program
from reward_dispatcher.pages.wallet_messages import MessageView, message_views
from reward_dispatcher.wallet_parts import BoardPlace, WalletParts

RING = 188.5  # circumference of the ring in the template: radius 30


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletContents:
    """What a wallet is composed of. `balance` are the rewards of its balances, `downloads` the files by reward.

    `grants` is what the person's friends count for; None if none ever will, because the person is banned. `news` are the items of
    messages, the oldest first, `news_accounts` the rewards that they name.
    """

    session: WalletToken
    now_ms: int
    accounts: Sequence[Account]
    total: int
    balance: Sequence[Account]
    downloads: Mapping[str, Download]
    grants: ReferrerGrants | None
    parts: WalletParts
    news: Sequence[MessageItem]
    news_accounts: Mapping[str, Account]


@dataclass(frozen=True, slots=True)
class Ring:
    """The way to the next milestone: in words, and how much of the ring is filled.

    `pause` is until when no further friend counts, because a cap is reached; empty otherwise.
    """

    count: str
    words: str
    pause: str
    filled: float


def wallet_view(contents: WalletContents) -> dict[str, object]:
    """Returns the values of the template `wallet.html`."""
    session, people = contents.session, context().people.snapshot()
    program = use_program(session.program)
    participant = context().catalog.snapshot().participant(session.person)
    if participant is not None and participant.erased_at is not None:
        participant = None
    at = Moment(contents.now_ms, program.timezone if program else "UTC")
    profile = people.profile(session.person)
    return {
        "program": localize(program.name) if program else session.program,
        "greeting": _greeting(profile),
        "tickets": _by_state([_ticket(account, contents, at) for account in contents.accounts]),
        "balances": balance_views(unit_balances(contents.balance, contents.now_ms), at),
        "state_text": state_text,
        "qr": counter_picture,
        "older": max(0, contents.total - len(contents.accounts)),
        "shown": len(contents.accounts),
        "profile": profile,
        "messages": _messages(participant, profile, contents, at),
        "posts": [own_post_view(one) for one in contents.parts.posts.items] if contents.parts.posts else [],
        "posts_total": contents.parts.posts.total if contents.parts.posts else 0,
        "challenge_page": f"{context().settings.board_url}/p/{session.program}/c",
        "person": session.person,
        "may_share": participant is not None and contents.grants is not None,
        **(_referrer_values(participant, contents, at) if participant else {"participant": None}),
    }


def counter_picture(reward: str) -> str:
    """Returns the QR code of a reward's id, which staff scan, as a data URI."""
    return str(segno.make(reward, error="m").svg_data_uri(scale=6, border=2))


def _referrer_values(participant: Participant, contents: WalletContents, at: Moment) -> dict[str, object]:
    friends, place = contents.parts.friends, contents.parts.place
    return {
        "participant": participant,
        "ring": _ring(participant, contents.grants, contents.now_ms),
        "place": place,
        "place_text": _place_text(place) if place else "",
        "today_text": gettext("+%(num)d today", num=place.today) if place and place.today else "",
        "board": f"{context().settings.board_url}/p/{participant.program}?me={participant.id}",
        "friends": [friend_view(one, at) for one in friends.items] if friends else None,
        "friends_total": friends.total if friends else 0,
    }


def _messages(
    participant: Participant | None, profile: Profile | None, contents: WalletContents, at: Moment
) -> list[MessageView]:
    """The messages of the person, newest first; none after the program has ended."""
    shared, version = context(), context().catalog.program_at(contents.session.program, contents.now_ms)
    if version is None:
        return []
    code, public = (participant.code if participant else None), shared.settings.public_url
    facts = MessageFacts(
        program=version.program,
        now_ms=contents.now_ms,
        name=profile.display_name if profile else "",
        accounts=contents.news_accounts,
        progress=_progress(version.program, contents.grants, contents.now_ms) if contents.grants else None,
        wallet="",
        code=code,
        link=f"{public}/{code}" if code else "",
        poster=f"{public}/s/{code}/poster.png" if code else "",
    )
    return message_views(contents.news, facts, at)


def _greeting(profile: Profile | None) -> str:
    return gettext("Hi %(name)s", name=profile.display_name) if profile else gettext("Your rewards")


def _ticket(account: Account, contents: WalletContents, at: Moment) -> Ticket:
    version = context().catalog.snapshot().version(account.program, account.version)
    rule = find_rule(version.program if version else None, account.rule)
    return ticket(account, rule, at, contents.downloads.get(account.id))


def _by_state(tickets: Sequence[Ticket]) -> dict[str, list[Ticket]]:
    """The tickets that are ready, on their way, and the rest: the history."""
    return {
        "ready": [one for one in tickets if one.state == "ready"],
        "on_its_way": [one for one in tickets if one.state == "on_its_way"],
        "history": [one for one in tickets if not one.is_open],
    }


def _place_text(place: BoardPlace) -> str:
    if place.rank is None:
        return gettext("One friend puts you on the board.")
    return gettext("#%(rank)d of %(total)d", rank=place.rank, total=place.total)


def _ring(participant: Participant, grants: ReferrerGrants | None, now_ms: int) -> Ring | None:
    """The way to the next milestone of the rules in force; None for a partner, someone banned, or without a milestone ahead."""
    version = context().catalog.program_at(participant.program, now_ms)
    if version is None or participant.partner or grants is None:
        return None
    progress = _progress(version.program, grants, now_ms)
    return _ring_of(progress, _room(version.program, grants, now_ms).full) if progress else None


def _progress(program: Program, grants: ReferrerGrants, now_ms: int) -> MilestoneProgress | None:
    rules = (rule for rule in program.rewards if rule.to == "referrer")
    return next_milestone(rules, grants.conversions, _room(program, grants, now_ms).ever)


def _room(program: Program, grants: ReferrerGrants, now_ms: int) -> CapRoom:
    return cap_room(program.caps.per_referrer, grants.counts, to_datetime(now_ms), program.timezone)


def _ring_of(progress: MilestoneProgress, full: Period | None) -> Ring:
    count, words = progress_words(progress)
    return Ring(count, words, _pause_text(full), round(RING * progress.friends / progress.needed, 1))


def _pause_text(full: Period | None) -> str:
    match full:
        case "day":
            return gettext("You have reached today's limit. Friends who follow from tomorrow on count again.")
        case "week":
            return gettext("You have reached this week's limit. Friends who follow from next week on count again.")
        case "month":
            return gettext("You have reached this month's limit. Friends who follow from next month on count again.")
        case _:
            return ""
