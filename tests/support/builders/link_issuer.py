"""Builders for links and share kits: a program with one content item, and Amy who takes part in it."""

from datetime import UTC, datetime

from referral.events.content import CallToAction, ContentItem
from referral.events.entities import Participant, ProgramVersion
from referral.events.program import Program
from tests.support.builders.participants import person_id, profile

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
CALL_TO_ACTION = CallToAction(id="tag", placement="caption", text={"en": "Tag a friend"})
SHARE_PROGRAM = Program(
    id="prg_x",
    name={"en": "X"},
    timezone="UTC",
    target_url="https://example.com",
    channels=("wechat", "weibo"),
    content=(ContentItem(id="hacks", format="helpful", mechanics=("practical_value",), ctas=(CALL_TO_ACTION,)),),
)
SHARE_VERSION = ProgramVersion(recorded_at=NOW, program=SHARE_PROGRAM, version=1, effective_from=NOW)
LINK_OWNER = Participant(recorded_at=NOW, id=person_id("xhs:u42", "prg_x"), program="prg_x", code="AMY88")
LINK_OWNER_PROFILE = profile("u42", "Amy", program="prg_x")
