"""`/u/{token}`: messages end by one POST without cookies (RFC 8058), and by nothing less; people who are enrolled are welcomed."""

import msgspec
import pytest

from referral.events.deliveries import MessageRequested
from referral.events.promoter_messages import people_endpoint
from referral.log.records import split
from referral.tokens import TokenSigner
from referral.topics import DELIVERIES
from tests.support.stored_data import topic_records
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer

pytestmark = pytest.mark.integration


def test_one_post_ends_the_messages_and_removes_the_address(glow: LinkIssuer) -> None:
    """A scanner that opens the link changes nothing; the same POST again is answered alike."""
    amy = glow.enrol_amy(contact="amy@mail.example", consents=["messages"])
    address = f"/u/{TokenSigner(glow.context.key_ring).sign_unsubscribe(PROGRAM, amy['id'])}"
    mail_program = glow.app.test_client()
    page = mail_program.get(f"{address}?lang=en")
    assert (page.status_code, "Stop messages" in page.text, "amy" in page.text.lower()) == (200, True, False)
    before = glow.context.people.profile(amy["id"])
    assert before is not None
    assert before.consents == ("messages",)
    for _ in range(2):
        ended = mail_program.post(f"{address}?lang=en", data={"List-Unsubscribe": "One-Click"})
        assert (ended.status_code, "You get no more messages" in ended.text) == (200, True)
        profile = glow.context.people.profile(amy["id"])
        assert profile is not None
        assert (profile.consents, profile.contact) == ((), None)


@pytest.mark.parametrize("token", ["x", "a.b", "AAAA.BBBB.CCCC"])
def test_a_forged_token_ends_nothing(glow: LinkIssuer, token: str) -> None:
    """Nor one of another kind."""
    client = glow.app.test_client()
    assert client.post(f"/u/{token}").status_code == 404
    assert client.get(f"/u/{token}").status_code == 404


def test_people_who_are_enrolled_are_welcomed_if_the_program_sends_messages(issuer: LinkIssuer) -> None:
    """The request that is repeated asks again, with the same id: the fold tells it once."""
    assert issuer.apply(RULES | {"messages": {"per_week": 2}}).status_code == 201
    amy = issuer.enrol_amy()
    issuer.enrol_amy()
    found = _requested(issuer)
    expected = (amy["id"], "welcome", people_endpoint(PROGRAM, amy["id"]))
    assert {(line.person, line.item.kind, line.webhook) for line in found} == {expected}
    assert len({line.item.id for line in found}) == 1


def test_a_program_without_messages_welcomes_nobody(glow: LinkIssuer) -> None:
    """No line is written for it."""
    glow.enrol_amy()
    assert _requested(glow) == []


def _requested(glow: LinkIssuer) -> list[MessageRequested]:
    lines = [
        raw
        for record in topic_records(glow.context.settings, DELIVERIES)
        for raw in split(record.content.partition(b"\n")[2])
    ]
    return [msgspec.json.decode(raw, type=MessageRequested) for raw in lines]
