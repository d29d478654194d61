"""Votes in challenges: a voter's follows and votes are stored with the voter; what counts is sent to the author's partition."""

from collections.abc import Iterator, Mapping
from typing import assert_never, get_args

from msgspec.structs import replace

from leaderboard.domain.challenge_vote import Vote, VoterRecord
from leaderboard.folds import state_keys
from leaderboard.folds.challenge_terms import ChallengeTerms
from referral.catalog.view import Catalog
from referral.events.facts import (
    EventWithdrawn,
    PersonBanned,
    PersonFollowed,
    PersonUnbanned,
    PersonUnfollowed,
    PostVoted,
    VoteCounted,
    fact_key,
)
from referral.events.timestamps import to_datetime, to_ms
from referral.fold.fold import Decision, Key, Output, SortedSetMember
from referral.topics import EVENTS

VoterLine = PersonFollowed | PersonUnfollowed | EventWithdrawn | PostVoted | PersonBanned | PersonUnbanned
VOTER_LINES = get_args(VoterLine)


def decide_vote(
    line: VoterLine, states: Mapping[Key, object], terms: ChallengeTerms, catalog: Catalog
) -> Decision[VoterRecord]:
    """Returns the voter's record, and the lines of votes that count from now on or no longer.

    Follows are stored of every program: a challenge of a later version asks for them.
    """
    if isinstance(line, PostVoted):
        terms.days_named(line.program, line.data.challenge, catalog)
    challenges = terms.all_of(line.program, catalog)
    key = state_keys.voter(line.program, line.person)
    known = states[key]
    before = known if isinstance(known, VoterRecord) else VoterRecord()
    after = _with_line(line, before)
    valid = {
        id_: vote
        for id_ in after.votes
        if (one := challenges.get(id_)) and (vote := after.valid_vote(line.person, one.days))
    }
    after = replace(after, counted=valid)
    if after == before:
        return Decision()
    return Decision({key: after}, [*_outputs(line, before.counted, valid)])


def count_vote(line: VoteCounted) -> Decision[VoterRecord]:
    """Returns the change of the votes of a post."""
    post = f"{line.person}/{line.post}"
    member = SortedSetMember(state_keys.votes(line.program, line.challenge, post), line.voter)
    return Decision({member: to_ms(line.voted_at) / 1000 if line.counted else None})


def _with_line(line: VoterLine, record: VoterRecord) -> VoterRecord:
    at_ms = to_ms(line.occurred_at)
    match line:
        case PersonFollowed():
            return record.with_follow(at_ms // 1000)
        case PersonUnfollowed():
            return record.with_unfollow(at_ms // 1000)
        case EventWithdrawn():
            return record.with_unfollow(at_ms // 1000) if line.was == "person.followed" else record
        case PostVoted():
            return record.with_vote(line.data.challenge, Vote(at_ms, line.id, line.data.author, line.data.post))
        case PersonBanned() | PersonUnbanned():
            return replace(record, is_banned=isinstance(line, PersonBanned))
        case _:
            assert_never(line)


def _outputs(line: VoterLine, before: Mapping[str, Vote], after: Mapping[str, Vote]) -> Iterator[Output]:
    for counted, votes, others in ((False, before, after), (True, after, before)):
        for challenge, vote in votes.items():
            if others.get(challenge) != vote:
                event = VoteCounted(
                    occurred_at=line.occurred_at,
                    program=line.program,
                    person=vote.author,
                    voter=line.person,
                    challenge=challenge,
                    post=vote.post,
                    voted_at=to_datetime(vote.at_ms),
                    counted=counted,
                )
                yield Output(EVENTS, event, fact_key(event))
