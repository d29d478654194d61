"""The oracle of pasted comments: each says once who sent its author, however often it is pasted."""

from datetime import timedelta

from referral_tools.oracle import Comment, ExpectedDesk, Journal
from tests.support.builders.journals import AMY, BEN, PROGRAM, follow, hour, journal, unfollow


def comment(number: int, at: float, code: str | None = AMY.code, mention: str | None = None) -> Comment:
    """Returns a comment of friend `number` that names a promoter."""
    return Comment(f"com_{number}_{at}_{code}_{mention}", f"xhs:f{number}", hour(at), code, mention)


def pasted(desk: ExpectedDesk, into: Journal, *comments: Comment, at: float = 24) -> list[str]:
    """Pastes comments; returns the ids of what they add."""
    facts = desk.paste(comments, hour(at))
    into.facts.extend(facts)
    return [fact.id for fact in facts]


def test_a_comment_counts_once_however_often_it_is_pasted() -> None:
    """Also in a longer paste a day later, and beside comments that name no one."""
    accepted = Journal()
    desk, first, second = ExpectedDesk(PROGRAM, accepted), comment(1, 2), comment(2, 30)
    assert pasted(desk, accepted, first, comment(9, 3, code=None)) == [first.id]
    assert pasted(desk, accepted, first) == []
    assert pasted(desk, accepted, first, second, at=48) == [second.id]
    assert [fact.code for fact in accepted.facts if fact.person == "xhs:f2"] == [AMY.code]


def test_it_is_dated_at_the_end_of_its_minute_and_never_after_the_paste() -> None:
    """A page shows minutes."""
    desk = ExpectedDesk(PROGRAM, Journal())
    early, late = comment(1, 2), comment(2, 24)
    found = desk.paste([early, late], hour(24))
    assert [fact.occurred_at for fact in found] == [hour(2) + timedelta(seconds=59), hour(24)]


def test_who_follows_already_is_not_added_until_they_have_left() -> None:
    """What the journal has before the paste decides; a report that comes later lets the next paste add them."""
    accepted = journal(follow(1, 1))
    desk, again = ExpectedDesk(PROGRAM, accepted), comment(1, 20)
    assert pasted(desk, accepted, again) == []
    accepted.facts.append(unfollow(1, 10))
    assert pasted(desk, accepted, again, at=48) == [again.id]


def test_of_two_promoters_in_one_paste_the_second_waits() -> None:
    """And is added by the next paste only if its author does not follow by then."""
    accepted = Journal()
    desk, first, second = ExpectedDesk(PROGRAM, accepted), comment(1, 2), comment(1, 9, BEN.code)
    assert pasted(desk, accepted, first, second) == [first.id]
    assert pasted(desk, accepted, first, second, at=48) == []
    accepted.facts.append(unfollow(1, 5))
    assert pasted(desk, accepted, first, second, at=72) == [second.id]


def test_a_mention_of_the_same_promoter_is_another_fact() -> None:
    """Once the author has left: code and mention are different evidence."""
    accepted = Journal()
    desk = ExpectedDesk(PROGRAM, accepted)
    named, mentioned = comment(1, 2), comment(1, 9, code=None, mention=AMY.mention)
    assert pasted(desk, accepted, named) == [named.id]
    accepted.facts.append(unfollow(1, 5))
    assert pasted(desk, accepted, named, mentioned, at=48) == [mentioned.id]
