"""Builders for links and share kits: a program with one content item, and Amy who takes part in it."""

from datetime import UTC, datetime

from referral.events.content import CallToAction, ContentItem
from referral.events.entities import Participant, ProgramVersion
from referral.events.program import Program

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
LINK_OWNER = Participant(
    recorded_at=NOW, id="par_0123456789abcdef", program="prg_x", external_id="xhs:u42", display_name="Amy", code="AMY88"
)
