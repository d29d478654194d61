"""The page of a challenge: today's prompt, how to take part, the gallery, the board, and what can be won."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Response, make_response, render_template, request

from leaderboard.challenge_store import ListedPost
from leaderboard.domain.challenge_score import ChallengeDays, counted_posts, posted_days
from leaderboard.domain.challenge_week import OwnWeek, own_week
from leaderboard.folds.challenge_terms import PRIZE_TRIGGERS
from leaderboard.http_api.challenge_responses import ChallengeState, challenge_state
from leaderboard.http_api.challenges import challenge_board, find_challenge
from leaderboard.http_api.dependencies import dependencies
from leaderboard.pages import board_texts
from leaderboard.pages.challenge_texts import FEATURE_DAYS, PRIZE_NAMES
from referral.events.board_rules import Prize
from referral.events.challenges import Challenge, ChallengePrize
from referral.events.ids import is_person_id
from referral.events.program import Program
from referral.events.value_checks import InvalidValue, legible
from referral.http.context import context
from referral.pages.languages import language, localize, use_languages_of
from referral.pages.reward_names import reward_name
from referral.people.known_people import known_people

MAX_AGE_S = 5
GALLERY_POSTS, BOARD_ROWS = 12, 10
_MAX_EXAMPLES = 5


class UnknownChallenge(LookupError):
    """The program has no such challenge."""


@dataclass(frozen=True, slots=True)
class ShownPost:
    """A post of the gallery. `link` is its URL if the platform has reported one; `name` is None for a hidden name."""

    name: str | None
    day: int
    prompt: str
    link: str | None
    is_picked: bool
    week: int
    votes: int
    own_friends: int
    held: int


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A row of the challenge's board."""

    rank: int
    name: str | None
    score: int


@dataclass(frozen=True, slots=True)
class ChallengeView:
    """What the template shows of a challenge."""

    name: str
    hashtag: str
    state: ChallengeState
    day: int
    days: int
    days_left: int
    first_day: datetime
    last_day: datetime
    prompt: str
    prizes: list[tuple[object, str]]
    feature_day: object | None
    guide: str | None
    examples: list[str]
    posts: int
    participants: int
    gallery: list[ShownPost]
    rows: list[ScoreRow]
    has_votes: bool
    week: OwnWeek | None
    reminder: str


def render_challenge_page(program: str, challenge: str) -> Response | None:
    """Returns the page for this request, cached for some seconds. None for an unknown program; raises UnknownChallenge."""
    newest = context().catalog.program(program)
    if newest is None:
        return None
    use_languages_of(newest.program.name)
    found = find_challenge(program, challenge)
    if found is None:
        raise UnknownChallenge(challenge)
    view = _view(newest.program, *found)
    response = make_response(render_template("challenge.html", view=view, place=board_texts.place))
    response.cache_control.public, response.cache_control.max_age = True, MAX_AGE_S
    response.vary.add("Accept-Language")
    response.add_etag()
    response.make_conditional(request)
    return response


def https_link(text: str | None) -> str | None:
    """Returns a post's text if it is an address that a page may link to: https, with a host, and legible."""
    if text is None:
        return None
    try:
        parts = urlsplit(legible(text))
    except (InvalidValue, ValueError):
        return None
    return text if parts.scheme == "https" and parts.hostname and "@" not in parts.netloc else None


def _view(program: Program, declared: Challenge, days: ChallengeDays) -> ChallengeView:
    store, second = dependencies().challenges, context().clock.now_ms() // 1000
    posts, _ = store.posts("gallery", program.id, days.id, None, GALLERY_POSTS, recent_votes=True)
    first_day = datetime.combine(days.starts, datetime.min.time())
    day = days.day_at(second)
    return ChallengeView(
        name=localize(program.name) or program.id,
        hashtag=declared.hashtag,
        state=challenge_state(days, second),
        day=day,
        days=days.days,
        days_left=days.days_left(second),
        first_day=first_day,
        last_day=first_day + timedelta(days.days - 1),
        prompt=_prompt(declared, day),
        prizes=[(PRIZE_NAMES[kind], _prize(kind, prize, program)) for kind, prize in declared.prizes.items()],
        feature_day=FEATURE_DAYS[declared.weekly_feature] if declared.weekly_feature else None,
        guide=declared.resources.guide,
        examples=[link for text in declared.resources.examples[:_MAX_EXAMPLES] if (link := https_link(text))],
        posts=store.count("counted", program.id, days.id),
        participants=store.count("participants", program.id, days.id),
        gallery=_shown(posts, declared, days),
        rows=_rows(program.id, days.id),
        has_votes=days.votes_from_s is not None and second >= days.votes_from_s,
        week=_own_week(program.id, days, second),
        reminder=f"/p/{program.id}/c/{days.id}/reminder.ics?lang={language()}",
    )


def _own_week(program: str, days: ChallengeDays, second: int) -> OwnWeek | None:
    """The week of the person whom the address names; None without a valid one."""
    me = request.args.get("me", "")
    if not is_person_id(me):
        return None
    record = dependencies().challenges.record(program, me)
    return own_week(posted_days(counted_posts(record, days), days), days, second)


def _shown(posts: list[ListedPost], declared: Challenge, days: ChallengeDays) -> list[ShownPost]:
    """The posts without those of erased people."""
    people = context().people.snapshot()
    known = known_people({post.person for post in posts}, people)
    shown = []
    for post in posts:
        author = known[post.person]
        if author is None:
            continue
        text, entry = people.text(post.person, post.post), post.record.entry(days.id)
        day = days.day_at(post.record.published_s)
        shown.append(
            ShownPost(
                author.public_name,
                day,
                _prompt(declared, day),
                https_link(text.text if text else None),
                entry.is_picked,
                entry.week,
                post.votes.counted,
                post.votes.friends,
                post.votes.held,
            )
        )
    return shown


def _rows(program: str, challenge: str) -> list[ScoreRow]:
    top = dependencies().boards.top(challenge_board(program, challenge), BOARD_ROWS)
    known = known_people([ranked.entry.participant for ranked in top.entries], context().people.snapshot())
    rows = []
    for ranked in top.entries:
        person = known[ranked.entry.participant]
        rows.append(ScoreRow(ranked.rank, person.public_name if person else None, ranked.entry.referrals))
    return rows


def _prompt(declared: Challenge, day: int) -> str:
    prompts = declared.resources.prompts
    return localize(prompts[day - 1]) if 1 <= day <= len(prompts) else ""


def _prize(kind: ChallengePrize, prize: Prize, program: Program) -> str:
    """The text of a prize; of one that a reward pays, the name of the reward."""
    rules = (rule for rule in program.rewards if rule.on == PRIZE_TRIGGERS[kind] and rule.id == prize)
    rule = next(rules, None)
    return reward_name(rule) if rule is not None else board_texts.prize(prize)
