"""WeChat as a channel of messages to promoters: a customer message, if the person's allowance has one left."""

from referral.events.promoter_messages import ChannelName
from referral.telemetry.metrics import counter
from referral.wechat.accounts import WechatAccounts
from reward_dispatcher.delivery.attempt_result import AttemptResult
from reward_dispatcher.delivery.channels import Commit, Recipient, WrittenMessage
from reward_dispatcher.delivery.wechat_sender import EXTERNAL_ID_PREFIX, WechatSender, text_message

MAX_TEXT_BYTES = 2048  # of a customer message


class WechatChannel:
    """Belongs to one event loop."""

    name: ChannelName = "wechat"

    def __init__(self, accounts: WechatAccounts, sender: WechatSender) -> None:
        self._accounts = accounts
        self._sender = sender

    def is_open(self, recipient: Recipient) -> bool:
        """Whether the person follows a WeChat account that can send, and agreed. Whether a message is left, `send` finds out."""
        is_follower = recipient.external_id.startswith(EXTERNAL_ID_PREFIX)
        return is_follower and recipient.agreed and self._accounts.find(recipient.program) is not None

    async def send(self, recipient: Recipient, message: WrittenMessage, commit: Commit) -> AttemptResult:
        """Returns how the attempt ended; `unsent` if no message is left, `unconfirmed` if it may have arrived.

        Raises redis's errors before `commit` alone.
        """
        access = self._accounts.find(recipient.program)
        if access is None:
            return AttemptResult("unsent")
        text = _within(f"{message.text}\n{message.url}")
        result = await self._sender.send(access, recipient.person, recipient.external_id, text_message(text), commit)
        counter("wechat_messages").labels("delivered" if result.outcome == "accepted" else result.outcome).inc()
        if result.failure == "timeout":
            return AttemptResult("unconfirmed", "timeout")
        return AttemptResult("unsent") if result.outcome == "missed" else result


def _within(text: str) -> str:
    return text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore")
