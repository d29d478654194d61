"""The texts of messages and the test by e-mail, over HTTP and by the command."""

import pytest
from click.testing import CliRunner

from referral.config import Settings
from referral.events.promoter_messages import MESSAGE_KINDS, Messages
from referral_tools.cli import main
from tests.support.builders.participants import PROGRAM
from tests.support.mail_server import run_mail_server
from tests.support.settings import API_SECRET
from tests.support.systems.promoter_mails import run_with_mail
from tests.support.systems.reward_dispatcher import serve_reward_dispatcher

pytestmark = pytest.mark.integration


def test_each_message_can_be_read_and_tried(settings: Settings, environ: dict[str, str]) -> None:
    """In both languages; a refused address is said to be one."""
    some = Messages(kinds=("welcome",))
    with (
        run_mail_server(refuses=lambda to: "550 no such user" if to.startswith("nobody") else "") as mails,
        run_with_mail(settings, environ, mails, messages=some) as system,
    ):
        for lang, word in (("en", "Welcome to Glow"), ("zh-CN", "欢迎加入Glow")):
            found = system.client.get(f"/v1/programs/{PROGRAM}/messages", params={"lang": lang}).json()
            assert [one["kind"] for one in found["items"]] == list(MESSAGE_KINDS)
            assert [one["kind"] for one in found["items"] if one["sent"]] == ["welcome"]
            assert found["items"][0]["subject"] == word
            assert all(one["text"] for one in found["items"])
        url = str(system.client.base_url)
        options = ["--url", url, "--key", API_SECRET, "--lang", "en"]
        shown = CliRunner().invoke(main, ["messages", "show", PROGRAM, *options])
        assert "progress (not sent): 2 of 3 friends" in shown.output, shown.output
        sent = CliRunner().invoke(main, ["messages", "test", PROGRAM, "amy@mail.example", *options])
        assert sent.exit_code == 0, sent.output
        body = {"address": "nobody@mail.example", "kind": "welcome"}
        headers = {"Idempotency-Key": "one"}
        refused = system.client.post(f"/v1/programs/{PROGRAM}/messages/test", json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (502, "mail_refused")
        assert "nobody" not in refused.text
        invalid = system.client.post(f"/v1/programs/{PROGRAM}/messages/test", json=body | {"address": "nobody"})
        assert invalid.status_code == 422
    [mail] = mails.received
    assert (mail["To"], mail["Subject"]) == ("amy@mail.example", "Welcome to Glow")


def test_without_a_mail_server_the_setting_is_named(settings: Settings, environ: dict[str, str]) -> None:
    """A test that cannot arrive is not accepted."""
    with serve_reward_dispatcher(settings, environ) as system:
        body = {"address": "amy@mail.example", "kind": "welcome"}
        answer = system.client.post(f"/v1/programs/{PROGRAM}/messages/test", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_mail_server")
    assert "REFERRAL_SMTP_HOST" in answer.json()["detail"]
