"""The accounts of a pool from the lines of the log, and what the log must never say."""

from msgspec.structs import replace

from referral.events.pools import CodeReturned, CodesVoided
from referral.events.rewards import CodeIssued, RewardFulfilled
from referral_tools.pool_accounting import PoolAccount, PoolAccounting
from tests.support.builders.participants import PROGRAM, START, person_id
from tests.support.builders.pools import codes_uploaded


def issued(reward: str, offset: int, at: int, segment: int = 0) -> CodeIssued:
    """Returns the line of a code given to a reward, because of the line at an offset of `pools`."""
    return CodeIssued(
        occurred_at=START,
        program=PROGRAM,
        id=reward,
        beneficiary=person_id("p"),
        pool="vip",
        segment=segment,
        offset=offset,
        sealed_code="x",
        cause=("pools", 0, at, 0, 0),
    )


def returned(line: CodeIssued) -> CodeReturned:
    """Returns the line by which it is returned."""
    return CodeReturned(
        occurred_at=START,
        program=PROGRAM,
        id=line.id,
        beneficiary=line.beneficiary,
        pool="vip",
        segment=line.segment,
        offset=line.offset,
        cause=("rewards", 0, line.cause[2], 0, 0),
    )


def void(*offsets: int) -> CodesVoided:
    """Returns the line that declares codes void."""
    places = tuple((0, offset) for offset in offsets)
    return CodesVoided(occurred_at=START, program=PROGRAM, pool="vip", request="vod_1", index=0, places=places)


def accounting() -> PoolAccounting:
    """Returns the accounts of a pool with five codes."""
    made = PoolAccounting(PROGRAM)
    made.add_pool_line(codes_uploaded("A", "B", "C", "D", "E", request="upl_1"), (0, 0))
    return made


def test_every_code_is_counted_in_one_state() -> None:
    """Repeated uploads, segments, lines of folds and void lists count once; other programs do not."""
    made = accounting()
    again = codes_uploaded("A", "F", request="upl_2", pool="spring")
    other = replace(codes_uploaded("X", request="upl_3"), program="prg_other")
    for line in (codes_uploaded("A", "B", "C", "D", "E", request="upl_1"), again, again, other):
        made.add_pool_line(line, (1, 0))
    lines = [issued("rwd_1", 0, at=5), issued("rwd_2", 1, at=6), issued("rwd_3", 2, at=7)]
    fulfilled = RewardFulfilled(
        occurred_at=START, program=PROGRAM, id="rwd_1", beneficiary=person_id("p"), kind="discount_code"
    )
    for reward_line in (*lines, *lines, fulfilled):
        made.add_reward_line(reward_line)
    for pool_line in (returned(lines[2]), returned(lines[2]), void(3), void(3)):
        made.add_pool_line(pool_line, (9, 0))
    assert list(made.accounts()) == [
        PoolAccount("spring", uploaded=1, free=1, reserved=0, given=0, void=0),
        PoolAccount("vip", uploaded=5, free=2, reserved=1, given=1, void=1),
    ]
    assert made.problems == []


def test_a_returned_code_may_be_given_again() -> None:
    """To another reward, once."""
    made, first = accounting(), issued("rwd_1", 0, at=5)
    made.add_reward_line(first)
    made.add_pool_line(returned(first), (6, 0))
    made.add_reward_line(issued("rwd_2", 0, at=6))
    [account] = made.accounts()
    assert (account.free, account.reserved, made.problems) == (4, 1, [])


def test_what_the_log_must_never_say_is_named() -> None:
    """A code with two rewards, one that was never uploaded, one that was given after it was declared void."""
    made = accounting()
    made.add_pool_line(void(4), (10, 0))
    for line in (
        issued("rwd_1", 0, at=5),
        issued("rwd_2", 0, at=6),
        issued("rwd_3", 7, at=7),
        issued("rwd_4", 4, at=11),
    ):
        made.add_reward_line(line)
    list(made.accounts())
    assert [problem.partition(" (place")[0] for problem in made.problems] == [
        "pool vip: rwd_3 was given a code that was never uploaded",
        "pool vip: rwd_4 was given a code after it was declared void",
        "pool vip: 2 rewards have one code",
    ]
