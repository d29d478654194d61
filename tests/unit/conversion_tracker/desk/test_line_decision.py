"""What each pasted line becomes, over a program with two promoters."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.attribution.history import History
from conversion_tracker.attribution.timeline import HistoryEntry
from conversion_tracker.desk.desk_facts import event_id, fact_of
from conversion_tracker.desk.desk_knowledge import DeskKnowledge, Owner, PersonState
from conversion_tracker.desk.desk_row import DeskRow
from conversion_tracker.desk.line_decision import DeskTerms, Source, decide_again, decide_lines
from conversion_tracker.desk.pasted_text import split_comments, split_names
from conversion_tracker.desk.table_rows import read_table
from referral.events.normal_forms import normalize_mention

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
START = datetime(2026, 11, 1, tzinfo=UTC)
AMY = Owner("psn_amy", "Amy", "xhs:amy", START)
LIN = Owner("psn_lin", "Lin", "xhs:lin", datetime(2026, 11, 20, tzinfo=UTC))
CODES = {"AMY89": AMY, "LIN22": LIN}
MENTIONS = {"@amy_glow": AMY, "@lin": LIN}
PASTE = "小鹿：我是AMY89来的🌸\nBo: just followed! @amy_glow told me\n早早: 好用！\nMo: AMY8O\n小鹿：我是AMY89来的🌸"


def _person_id(external_id: str) -> str:
    return {"xhs:amy": AMY.id, "xhs:lin": LIN.id}.get(external_id, f"psn_{external_id}")


def knowledge(states: Mapping[str, PersonState] | None = None, posts: frozenset[str] = frozenset()) -> DeskKnowledge:
    """What is known, with these people and posts."""
    known = states or {}
    return DeskKnowledge(
        code_owner=CODES.get,
        mention_owner=lambda mention: MENTIONS.get(normalize_mention(mention)),
        promoter={AMY.id: AMY, LIN.id: LIN}.get,
        person_id=_person_id,
        state=lambda person: known.get(person, PersonState()),
        has_post=lambda _, post: post in posts,
        post_pseudonym=lambda post: f"pst_{post}",
    )


def terms(source: Source = "comments", **more: object) -> DeskTerms:
    """The terms of a paste."""
    given = {"happened": "written", "zone": ZoneInfo("Asia/Shanghai"), "now": NOW, "counts_from": START}
    return DeskTerms(channel="xiaohongshu", source=source, lateness=timedelta(days=35), **(given | more))  # type: ignore[arg-type]


def decided(text: str, known: DeskKnowledge | None = None, **more: object) -> list[DeskRow]:
    """The rows of a text."""
    return decide_lines(split_comments(text), terms(**more), known or knowledge())  # type: ignore[arg-type]


def recorded(rows: list[DeskRow], known: DeskKnowledge) -> DeskKnowledge:
    """What is known once the events of the new rows were recorded."""
    states = {}
    for row in rows:
        if row.status == "new" and row.kind == "follow":
            entry = HistoryEntry(1, event_id(row, known), "follow")
            states[known.person_id(row.person)] = PersonState(row.occurred_at, History((entry,)))
    return knowledge(states, frozenset(row.post for row in rows if row.kind == "post"))


def test_the_documented_paste() -> None:
    """New, new, nothing, to decide, and the same again."""
    found = [(row.name, row.kind, row.status, row.reason, row.code or row.mention) for row in decided(PASTE)]
    assert found == [
        ("小鹿", "follow", "new", None, "AMY89"),
        ("Bo", "follow", "new", None, "@amy_glow"),
        ("早早", "none", "nothing", "no_evidence", ""),
        ("Mo", "follow", "decide", "similar_code", ""),
        ("小鹿", "follow", "here", "same_line", "AMY89"),
    ]


def test_the_same_paste_again_and_an_overlapping_one_add_only_what_is_new() -> None:
    """Whatever the time at which it is pasted."""
    after = recorded(decided(PASTE), knowledge())
    assert {row.status for row in decided(PASTE, after, now=NOW + timedelta(hours=3))} == {"here", "decide", "nothing"}
    more = decided(f"{PASTE}\n小美: LIN22", after)
    assert [row.name for row in more if row.status == "new"] == ["小美"]


def test_ids_follow_from_content_and_not_from_the_time() -> None:
    """So a paste that was interrupted can be sent again."""
    first, later = decided("Bo: AMY89")[0], decided("Bo: AMY89", now=NOW + timedelta(days=1))[0]
    assert event_id(first, knowledge()) == event_id(later, knowledge())
    assert event_id(first, knowledge()) != event_id(decided("Bo: LIN22")[0], knowledge())


def test_after_a_withdrawal_the_same_line_is_new_with_another_id() -> None:
    """The first id stays withdrawn."""
    row = decided("Bo: AMY89")[0]
    taken_back = History().without_event(event_id(row, knowledge()))
    after = knowledge({"psn_xhs:bo": PersonState(None, taken_back)})
    again = decided("Bo: AMY89", after)[0]
    assert again.status == "new"
    assert event_id(again, after) != event_id(row, knowledge())


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ("amy_glow: AMY89", "nothing", "own_code"),
        ("xhs:amy: AMY89", "nothing", "own_code"),
        ("AMY89", "decide", "no_name"),
        ("Bo: AMY89 LIN22", "decide", "several_referrers"),
        ("Bo: 不是AMY89", "decide", "uncertain_code"),
        ("Bo: #Glow30", "nothing", "hashtag_alone"),
        ("Bo: @nobody", "nothing", "unknown_mention"),
        ("Bo\nLIN22\n11-10 上海", "nothing", "before_enrolment"),
        ("Bo\nAMY89\n10-20", "nothing", "before_program"),
    ],
)
def test_every_other_line_says_why(text: str, status: str, reason: str) -> None:
    """In a word that the page explains."""
    row = decided(text)[0]
    assert (row.status, row.reason) == (status, reason)


def test_two_lines_of_one_person_for_two_promoters_are_to_be_decided() -> None:
    """Not by the order of the lines, which differs between platforms."""
    rows = decided("Bo: AMY89\nBo: LIN22")
    assert [(row.status, row.reason) for row in rows] == [("new", None), ("decide", "other_line")]


def test_who_follows_already_is_here_unless_the_comment_is_older() -> None:
    """A comment from before the follow is evidence of it."""
    known = knowledge({"psn_xhs:bo": PersonState(datetime(2026, 11, 25, tzinfo=UTC))})
    assert decided("Bo: AMY89", known)[0].reason == "follows_already"
    assert decided("Bo\nAMY89\n11-24 上海", known)[0].status == "new"


def test_posts_and_tags_become_events_of_their_own() -> None:
    """A promoter's tag is evidence; another person's is not."""
    rows = decided("amy_glow: @Nina 看这个\nBo: #Glow30 https://www.xiaohongshu.com/explore/6a AMY89")
    assert [(row.kind, row.status, row.person) for row in rows] == [
        ("tag", "new", "xhs:nina"),
        ("follow", "new", "xhs:bo"),
        ("post", "new", "xhs:bo"),
    ]
    tag, _, post = (fact_of(row, "prg_glow", "xiaohongshu", NOW, knowledge()) for row in rows)
    assert (tag.data.by, post.data.hashtags) == ("xhs:amy", ("Glow30",))  # type: ignore[union-attr]


def test_followers_need_no_code_and_a_table_names_its_columns() -> None:
    """In Chinese or English; without a head the name is first."""
    rows = decide_lines(split_names("小鹿\nBo"), terms("followers"), knowledge())
    assert [(row.kind, row.status, row.person) for row in rows] == [
        ("follow", "new", "xhs:小鹿"),
        ("follow", "new", "xhs:bo"),
    ]
    table = read_table([["时间", "昵称", "评论内容"], ["2026-11-25 10:00", "小鹿", "AMY89"], ["", "", ""]])
    (row,) = decide_lines(table, terms(), knowledge())
    assert (row.person, row.code, row.occurred_at) == (
        "xhs:小鹿",
        "AMY89",
        datetime(2026, 11, 25, 2, 0, 59, tzinfo=UTC),
    )


def test_what_an_operator_has_changed_is_judged_as_new_lines_are() -> None:
    """A chosen code must exist, and a name decides whose line it is."""
    row = decided("Mo: AMY8O")[0]
    chosen, wrong = replace(row, status="new", code="AMY89"), replace(row, status="new", code="AMY8X")
    undecided = replace(row, status="new")
    assert [one.status for one in decide_again([row, undecided], terms(), knowledge())] == ["decide", "decide"]
    assert [one.status for one in decide_again([chosen], terms(), knowledge())] == ["new"]
    assert [one.reason for one in decide_again([wrong], terms(), knowledge())] == ["unknown_code"]


@given(st.lists(st.sampled_from([*PASTE.splitlines(), "小美: LIN22", "Bo: AMY89", "amy_glow: @Nina"]), max_size=12))
def test_any_paste_adds_each_event_once_and_pasted_again_nothing(lines: list[str]) -> None:
    """Whatever its lines and their order."""
    rows = decided("\n".join(lines))
    new = [event_id(row, knowledge()) for row in rows if row.status == "new"]
    assert len(new) == len({*new})
    followed = [row for row in rows if row.kind not in ("tag", "none")]
    again = decide_again(followed, terms(), recorded(rows, knowledge()))
    assert not [row for row in again if row.status == "new"]
