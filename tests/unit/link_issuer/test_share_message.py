"""The message of a share kit: the link is in it exactly once, and can be told apart from the words around it."""

import re
from typing import get_args

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from link_issuer.domain.share_message import with_link_once
from link_issuer.pages.invitation import Invitation, invitation_kit
from link_issuer.programs.yaml_form import read_yaml
from referral.events.content import CallToAction, ContentItem
from referral.events.facts import Channel
from referral.events.people import Profile
from referral.events.program import Program
from referral.pages import design
from referral.pages.languages import LANGUAGES, Language
from referral.program_file.check import check_program_file
from tests.support.builders.link_issuer import LINK_OWNER, LINK_OWNER_PROFILE, SHARE_PROGRAM
from tests.support.settings import GLOW_FILE

CHANNELS: tuple[Channel, ...] = get_args(Channel)
LINK = "https://go.example.com/AMY88"
BEFORE = re.compile(r"(^|[\s，。！？、；：”’）》」』】…—（《「『【“‘])$")
AFTER = re.compile(r"^(\s|$|\.(\s|$))")

TEMPLATES = {
    "link at the end": "Join here: {link}",
    "link after a word": "Join{link}",
    "link in the middle": "点这里{link}，邀请码 {code}",
    "link before a full stop": "Join at {link}. See you there",
    "link before Chinese": "{link}关注",
    "link twice": "{link} or {link}",
    "link in brackets": "Join ({link})",
    "no link": "My code is {code}",
}
CALLS = {"en": "Use my code: 20% off for you", "zh-CN": "报我的邀请码 AMY88"}


def _invitation(program: Program, profile: Profile | None) -> Invitation:
    return Invitation(program=program, owner=LINK_OWNER, profile=profile, holder=LINK_OWNER, address=LINK)


def _glow() -> Program:
    program = check_program_file(read_yaml(GLOW_FILE.read_text("utf-8")).content).program
    assert program is not None
    return program


def _with_template(template: str) -> Program:
    item = ContentItem(
        id="code",
        format="helpful",
        mechanics=("practical_value",),
        hook={"en": "Flaky skin?", "zh-CN": "换季起皮？"},
        ctas=(CallToAction(id="code", placement="comment", text=CALLS),),
    )
    kits: dict[Channel, dict[Language, str]] = {channel: dict.fromkeys(LANGUAGES, template) for channel in CHANNELS}
    return replace(SHARE_PROGRAM, kits=kits, content=(*SHARE_PROGRAM.content, item))


PROGRAMS = {"the example program": _glow(), "without templates": replace(_with_template("x"), kits={})} | {
    name: _with_template(template) for name, template in TEMPLATES.items()
}


@pytest.fixture(scope="module")
def app() -> Flask:
    """An app with the pages' translations."""
    return design.init_app(Flask("test"))


def _assert_link_once(message: str) -> None:
    assert message.count(LINK) == 1
    before, after = message.split(LINK)
    assert BEFORE.search(before), message
    assert AFTER.search(after), message


@pytest.mark.parametrize("name", list(PROGRAMS))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_message_has_the_link_exactly_once(app: Flask, channel: Channel, language: Language, name: str) -> None:
    """For each channel with links, each language and each content item; a channel without links has no link in its message."""
    invitation = _invitation(PROGRAMS[name], LINK_OWNER_PROFILE)
    for content in [None, *(item.id for item in PROGRAMS[name].content)]:
        with app.test_request_context(f"/?lang={language}"):
            kit = invitation_kit(invitation, channel, content, language)
        for one in (kit, kit.without_program_texts()):
            if one.link:
                _assert_link_once(one.message)
            else:
                assert one.message == one.caption


@given(
    st.lists(st.one_of(st.text(max_size=12), st.sampled_from([LINK, "。", "，", ".", " ", "\n", "：", "a", "关注"])))
)
def test_any_text_has_the_link_exactly_once(parts: list[str]) -> None:
    """Separated from its neighbours wherever it was; and the rule applied again changes nothing."""
    message = with_link_once("".join(parts), LINK)
    _assert_link_once(message)
    assert with_link_once(message, LINK) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", LINK),
        ("Flaky skin?", f"Flaky skin?\n{LINK}"),
        (f"首单立减 20%：{LINK}", f"首单立减 20%：{LINK}"),
        (f"点这里{LINK}，邀请码 AMY88", f"点这里 {LINK} 邀请码 AMY88"),
        (f"Join at {LINK}. See you", f"Join at {LINK}. See you"),
        (f"{LINK}\n\nSee you", f"{LINK}\n\nSee you"),
        (f"{LINK}{LINK}", LINK),
    ],
)
def test_a_message_keeps_the_words_of_its_text(text: str, message: str) -> None:
    """The link stays where the text has it, otherwise it is on a line of its own."""
    assert with_link_once(text, LINK) == message


@pytest.mark.parametrize(
    ("template", "language", "caption"),
    [
        ("{name} invites you, {code}", "en", "A promoter invites you, AMY88"),
        ("Join with {name}: {code}", "en", "Join with the promoter: AMY88"),
        ("{name}邀请你：{code}", "zh-CN", "一位推广人邀请你：AMY88"),
    ],
)
def test_the_caption_of_a_person_who_hides_their_name_has_no_name(
    app: Flask, template: str, language: Language, caption: str
) -> None:
    """Nor their handle; the same for a person of whom nothing is known."""
    program = replace(SHARE_PROGRAM, kits={"xiaohongshu": {language: template}})
    for profile in (replace(LINK_OWNER_PROFILE, public=False), None):
        with app.test_request_context(f"/?lang={language}"):
            kit = invitation_kit(_invitation(program, profile), "xiaohongshu", None, language)
        assert (kit.caption, kit.mention) == (caption, None)
        assert "@u42" not in kit.code_instruction
