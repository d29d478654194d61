"""A person's lines, read from the log a page at a time."""

from hypothesis import given
from hypothesis import strategies as st

from link_issuer.privacy.person_lines import PERSONAL_TOPICS, START, LinesPage, PageLimits, is_topic, read_lines
from referral.clock import ManualClock
from referral.config import Settings
from referral.events.keys import person_key
from referral.log.memory_log import MemoryLog, MemoryLogReader
from referral.topics import partition_of
from tests.support.builders.participants import PROGRAM, person_id
from tests.support.settings import SIGNING_KEY

SETTINGS = Settings(signing_key=SIGNING_KEY, partitions=3)
AMY, BO = person_id("xhs:amy"), person_id("xhs:bo")


def line(person: str, number: int) -> bytes:
    """Returns a line about a person."""
    return b'{"participant":"%s","number":%d}' % (person.encode(), number)


def read_all(log: MemoryLog, person: str, limits: PageLimits) -> tuple[list[bytes], int]:
    """Returns the lines of all pages, and the number of pages."""
    found, start, pages = [], START, 0
    while True:
        page: LinesPage = read_lines(MemoryLogReader(log), SETTINGS, PROGRAM, person, start, limits)
        assert len(page.lines) < limits.lines + 3, "more than one record beyond the limit"
        found += [one.line for one in page.lines]
        pages += 1
        if page.next is None:
            return found, pages
        start = page.next


def partition(topic: str, person: str) -> int:
    """Returns the partition of a person's lines: that of the program for standings."""
    count = next(one for one in PERSONAL_TOPICS if one.name == topic).partitions or SETTINGS.partitions
    return partition_of(PROGRAM if topic == "standings" else person_key(PROGRAM, person), count)


RECORDS = st.lists(
    st.tuples(
        st.sampled_from([topic.name for topic in PERSONAL_TOPICS]),
        st.lists(st.sampled_from([AMY, BO]), min_size=1, max_size=3),
    ),
    max_size=20,
)


@given(RECORDS, st.integers(1, 4))
def test_every_line_of_the_person_is_on_exactly_one_page(records: list[tuple[str, list[str]]], most: int) -> None:
    """Whatever lines of other people share their records, and however small the pages are."""
    log, expected, number = MemoryLog(ManualClock()), [], 0
    for topic, people in records:
        lines = []
        for one in people:
            number += 1
            lines.append(line(one, number))
        log.append(topic, partition(topic, AMY), b"\n".join(lines))
        expected += [(topic, one) for one in lines if AMY.encode() in one]
    order = [topic.name for topic in PERSONAL_TOPICS]
    expected.sort(key=lambda found: order.index(found[0]))
    found, _ = read_all(log, AMY, PageLimits(lines=most))
    assert found == [one for _, one in expected]


def test_a_board_with_the_ids_of_others_is_not_among_the_lines_of_a_person() -> None:
    """A part of a board, a closing and a draw name everyone on it; a prize names one person."""
    log = MemoryLog(ManualClock())
    part = b'{"type":"board.part_closed","entries":[["%s",3,1],["%s",2,1]]}' % (AMY.encode(), BO.encode())
    prize = b'{"type":"prize.awarded","participant":"%s"}' % AMY.encode()
    log.append("standings", partition("standings", AMY), part + b"\n" + prize)
    assert read_all(log, AMY, PageLimits())[0] == [prize]


def test_a_page_ends_at_its_deadline_also_without_lines_of_the_person() -> None:
    """A long log of others is read over many requests, each of which leads on."""
    log = MemoryLog(ManualClock())
    for number in range(5):
        log.append("events", partition("events", AMY), line(BO, number))
    times = iter(range(100))
    found, pages = read_all(log, AMY, PageLimits(seconds=0, now=lambda: next(times)))
    assert (found, pages) == ([], 6)


def test_a_page_has_at_most_so_many_bytes() -> None:
    """A record is never split."""
    log = MemoryLog(ManualClock())
    for number in range(4):
        log.append("events", partition("events", AMY), line(AMY, number))
    assert read_all(log, AMY, PageLimits(bytes=len(line(AMY, 0)) + 1))[1] == 3


def test_the_topics_of_people_are_those_keyed_by_person() -> None:
    """A cursor with another topic is refused."""
    assert is_topic("rewards")
    assert not is_topic("catalog")
