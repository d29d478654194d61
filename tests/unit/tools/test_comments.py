"""Comments of a campaign: who writes them, when they are pasted, and that the desk can read each of them."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from conversion_tracker.desk.file_request import read_lines
from conversion_tracker.desk.pasted_text import PastedLine
from conversion_tracker.desk.recognition import recognise
from conversion_tracker.desk.written_times import read_time
from link_issuer.programs.yaml_form import read_yaml
from referral.events.facts import PersonFollowed
from referral.events.normal_forms import normalize_code, normalize_mention
from referral.program_file.check import check_program_file
from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.paste_text import paste_text
from referral_tools.campaign.script import NO_EVIDENCE, LiveValues, ScriptStep
from referral_tools.campaign.simulation import Simulation
from referral_tools.oracle import Comment, Enrolled
from tests.support.settings import GLOW_FILE

ZONE = ZoneInfo("Asia/Shanghai")
END = datetime(2026, 11, 24, tzinfo=ZONE)


@pytest.fixture(scope="module")
def steps() -> list[ScriptStep]:
    """The script of a campaign of eleven days."""
    program = check_program_file(read_yaml(GLOW_FILE.read_text()).content).program
    assert program is not None
    model = CampaignModel(days=11, base_followers=300, sale_days=(), sharers=0.9)
    return list(Simulation(model, program, 7, END).steps())


@pytest.fixture(scope="module")
def comments(steps: list[ScriptStep]) -> list[Comment]:
    """All comments, each once, with numbered codes."""
    live = LiveValues()
    for step in steps:
        for number, one in enumerate(step.enrolments, len(live.enrolled)):
            mention = "@" + one.person.replace(":", "_")
            live.enrolled[one.person] = Enrolled(one.person, one.person, f"GL{number:03}K", mention, step.at)
    planned = {one.id: one for step in steps for one in step.paste}
    return [live.fill_comment(one) for one in planned.values()]


def test_pastes_overlap_and_miss_nothing(steps: list[ScriptStep]) -> None:
    """Every second evening, and at the end; each comment is in a paste, many in two; none was written later."""
    pastes = [step for step in steps if step.paste]
    assert len(pastes) == 6
    for step in pastes:
        assert all(timedelta() <= step.at - one.at <= timedelta(days=3) for one in step.paste)
    assert all(
        {one.id for one in earlier.paste} & {one.id for one in later.paste} for earlier, later in pairwise(pastes)
    )
    times = Counter(one.id for step in pastes for one in step.paste)
    assert set(times.values()) == {1, 2}
    assert any(one.evidence is NO_EVIDENCE for step in pastes for one in step.paste)


def test_who_names_a_promoter_under_a_post_is_reported_by_no_platform(steps: list[ScriptStep]) -> None:
    """They are known by their comment alone."""
    reported = {deed.fact.id for step in steps for deed in step.deeds if isinstance(deed.fact, PersonFollowed)}
    written = {one.id for step in steps for one in step.paste}
    assert written
    assert not written & reported


@pytest.mark.parametrize("as_table", [False, True])
def test_the_desk_reads_each_comment_with_its_author_time_and_promoter(comments: list[Comment], as_table: bool) -> None:
    """As text and as a table; codes in full-width characters are found, those in two parts are suggested."""
    codes = {one.code for one in comments if one.code}
    known = {normalize_code(code) for code in codes}
    handles = {normalize_mention(one.mention) for one in comments if one.mention}
    paste = paste_text(comments, ZONE, codes, as_table=as_table)
    lines = read_lines(paste.body.encode(), "comments")
    assert len(lines) == len(comments) == len(paste.lines)
    ways = Counter[str]()
    for line in lines:
        one = paste.lines[line.number]
        assert (line.name, _time(line)) == (one.person, one.at.replace(second=59))
        found = recognise(line.text, known.__contains__, handles.__contains__)
        if one.code:
            suggested = [code for _, code in found.similar]
            ways["certain" if found.codes else "suggested"] += 1
            assert (*found.codes, *suggested)[0] == normalize_code(one.code)
        assert found.mentions == ((normalize_mention(one.mention),) if one.mention else ())
    assert min(ways["certain"], ways["suggested"]) > 0


def _time(line: PastedLine) -> datetime | None:
    return read_time(line.time, END, ZONE)
