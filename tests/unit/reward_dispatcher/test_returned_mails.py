"""E-mails that came back: what each report means, by whom it is, and what is no report."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reward_dispatcher.domain.returned_mail import RecipientStatus, complaint_verdict, delivery_verdict
from reward_dispatcher.http_api.returned_message import read_message
from tests.support.builders.returned_mails import (
    automatic_reply,
    complaint,
    exchange_report,
    exim_report,
    postfix_report,
    read_receipt,
)
from tests.support.examples import examples

TO = "bounce+token@mail.glow.example"


@pytest.mark.parametrize(
    ("body", "outcome", "reason"),
    [
        (postfix_report(TO), "bounced", "5.1.1"),
        (postfix_report(TO, "5.7.1"), "bounced", "5.7.1"),
        (postfix_report(TO, "5.2.2"), "temporary", "5.2.2"),
        (postfix_report(TO, "4.4.1", "delayed"), "temporary", "4.4.1"),
        (postfix_report(TO, "4.4.7"), "temporary", "4.4.7"),
        (postfix_report(TO, "2.0.0", "delivered"), "ignored", "delivered"),
        (postfix_report(TO, "2.0.0", "relayed"), "ignored", "relayed"),
        (postfix_report(TO, "broken"), "temporary", "failed"),
        (exchange_report(TO), "bounced", "5.1.10"),
        (exim_report(TO), "bounced", "5.0.0"),
        (complaint(TO), "complained", "abuse"),
        (complaint(TO, "not-spam"), "ignored", "not-spam"),
        (automatic_reply(TO), "ignored", "no_report"),
        (read_receipt(TO), "ignored", "no_report"),
        (b"", "ignored", "no_report"),
    ],
)
def test_each_report_has_its_meaning(body: bytes, outcome: str, reason: str) -> None:
    """A mailbox that is full or unreachable may be open tomorrow; one that does not exist stays closed."""
    verdict = read_message(body).verdict
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize("make", [postfix_report, exchange_report, exim_report, complaint])
def test_the_return_address_is_found_in_every_report(make: Callable[[str], bytes]) -> None:
    """In the headers, in the fields of the report, or in the e-mail that it quotes; what the mail server knows comes first."""
    assert any(TO in one for one in read_message(make(TO)).addresses)
    assert read_message(make(TO), "first@example.com").addresses[0] == "first@example.com"


def test_the_quoted_return_path_is_read_where_the_headers_name_another_mailbox() -> None:
    """As after a rewrite by a forwarder."""
    found = read_message(postfix_report("postmaster@glow.example", returned=TO)).addresses
    assert TO in found[-1]


@settings(max_examples=examples(200))
@given(st.binary(max_size=400), st.integers(0, 1500), st.integers(0, 400))
def test_no_e_mail_can_break_the_reader(noise: bytes, at: int, length: int) -> None:
    """Whatever part of a report is lost or replaced."""
    report = postfix_report(TO)
    outcome = read_message(report[:at] + noise + report[at + length :]).verdict.outcome
    assert outcome in ("bounced", "temporary", "ignored")


def test_deeply_nested_parts_end_in_time() -> None:
    """A hostile e-mail of 200 KB has thousands of levels."""
    body = b"Content-Type: multipart/report; boundary=b\r\n\r\n"
    for _ in range(2500):
        body += b"--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    assert read_message(body[:200_000]).verdict.outcome == "ignored"


@given(
    st.sampled_from(["failed", "delayed", "delivered", "", "other"]),
    st.from_regex(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True),
)
def test_only_a_lasting_failure_closes_a_mailbox(action: str, status: str) -> None:
    """Never a delay, a success or a code of class 4."""
    verdict = delivery_verdict([RecipientStatus(action, status)])
    if verdict.outcome == "bounced":
        assert status.startswith("5")
        assert action not in ("delayed", "delivered")


def test_the_worst_recipient_decides() -> None:
    """In any order; without one there is nothing to say."""
    both = [
        RecipientStatus("delivered", "2.0.0"),
        RecipientStatus("failed", "5.1.1"),
        RecipientStatus("delayed", "4.0.0"),
    ]
    assert delivery_verdict(both).outcome == delivery_verdict(reversed(both)).outcome == "bounced"
    assert delivery_verdict([]).outcome == "ignored"
    assert complaint_verdict("").outcome == "ignored"
