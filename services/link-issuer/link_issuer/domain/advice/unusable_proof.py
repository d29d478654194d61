"""Finds proofs of the join page that no channel of it can carry, and channels whose people have no way to prove who they are."""

from collections.abc import Iterator, Mapping

from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.facts import Channel
from referral.events.join_page import JoinProof
from referral.events.program import Program

_CARRIES: Mapping[JoinProof, tuple[Channel, ...]] = {
    "message": ("xiaohongshu", "wechat", "weibo", "douyin"),
    "email": ("web",),
    "wechat": ("wechat",),
}


def _find(program: Program) -> Iterator[Remark]:
    page = program.join
    if page is None:
        return
    for index, proof in enumerate(page.proofs):
        if not set(_CARRIES[proof]) & set(page.channels):
            possible = ", ".join(_CARRIES[proof])
            yield (
                f"/join/proofs/{index}",
                f"no channel of the page carries {proof}: add one of {possible} to join.channels",
            )
    for index, channel in enumerate(page.channels):
        ways = [proof for proof, channels in _CARRIES.items() if channel in channels]
        if not set(ways) & set(page.proofs):
            yield (
                f"/join/channels/{index}",
                f"people of {channel} could not open rewards: add {' or '.join(ways)} to join.proofs",
            )
    if "wechat" in page.proofs and program.wechat.appid is None:
        yield "/join/proofs", "without wechat.appid the page has no QR code, and people must find the account: add it"


UNUSABLE_PROOF = AdviceRule(
    name="unusable_proof",
    pitfall="A join page whose ways to prove who someone is do not fit its channels: people share, and never get to their rewards.",
    fix="Accept messages for social channels, e-mail for the web, and WeChat for followers of the account.",
    find=_find,
)
