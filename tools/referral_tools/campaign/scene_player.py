"""Plays the scenes of a campaign through the public HTTP API, and records what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import assert_never

from msgspec.structs import replace

from referral.events.facts import OrderPaid
from referral.events.money import Value, in_main_unit
from referral_tools.campaign.client import Client, Reward
from referral_tools.campaign.receiver import WebhookReceiver
from referral_tools.campaign.request_batches import request_batches
from referral_tools.campaign.scenes import PayWithCode, RaiseBudget, Scene, SpendCredit, SwitchReceiver, UploadCodes
from referral_tools.oracle import CreditUse, Journal, WalletCode

_CODE_STATUSES = ("fulfilled", "delivered", "redeemed")
_LEAST = 100  # fen: smaller credit is kept


@dataclass(slots=True)
class SceneResult:
    """What was accepted: codes by pool, budgets that were raised, and uses of credit that were answered."""

    uploaded: dict[str, int] = field(default_factory=dict)
    raised: int = 0
    outages: int = 0


class ScenePlayer:
    """Plays scenes. `document` is the program file; its budgets change when they are raised."""

    def __init__(
        self, client: Client, document: dict[str, object], receiver: WebhookReceiver | None, journal: Journal
    ) -> None:
        self._client, self._document, self._receiver, self._journal = client, document, receiver, journal
        self._program = str(document["id"])
        self.result = SceneResult()

    def play(self, scenes: Sequence[Scene]) -> None:
        """Plays scenes in their order."""
        for scene in scenes:
            match scene:
                case UploadCodes():
                    accepted = self._client.upload_codes(self._program, scene.pool, scene.codes)
                    self.result.uploaded[scene.pool] = self.result.uploaded.get(scene.pool, 0) + accepted
                case RaiseBudget():
                    self._raise_budget(scene)
                case SwitchReceiver():
                    self._switch_receiver(scene)
                case SpendCredit():
                    self._spend(scene)
                case PayWithCode():
                    self._pay_with_code(scene)
                case _:
                    assert_never(scene)

    def _raise_budget(self, scene: RaiseBudget) -> None:
        rewards = self._document["rewards"]
        if not isinstance(rewards, list):
            return
        for rule in rewards:
            if rule["id"] == scene.rule and "budget" in rule:
                rule["budget"]["total"] = scene.total
                self._client.apply_document(self._program, self._document)
                self.result.raised += 1

    def _switch_receiver(self, scene: SwitchReceiver) -> None:
        if self._receiver is not None:
            self.result.outages += not scene.up
            self._receiver.up = scene.up

    def _spend(self, scene: SpendCredit) -> None:
        """Uses part of the credit; half of it comes back, or all of it, in three of four ways."""
        balances = self._client.balances(self._program, scene.person)
        for balance in balances:
            amount = balance.free * scene.percent // 100
            if amount < _LEAST:
                continue
            wanted = {"program": self._program, "person": scene.person, "unit": balance.unit, "amount": amount}
            returned = self._use(scene, {**wanted, "order_id": scene.order}, amount)
            use = CreditUse(scene.person, balance.unit, scene.order, amount, returned, partial=amount < balance.free)
            self._journal.credit_uses.append(use)

    def _use(self, scene: SpendCredit, wanted: dict[str, object], amount: int) -> int:
        """Returns how much came back. A refund is of half the order, which was ten times the credit."""
        match scene.how:
            case "whole":
                self._client.change_credit("", wanted)
                return 0
            case "hold":
                hold = self._client.change_credit("/holds", wanted).id
                self._client.change_credit(f"/holds/{hold}/capture", {"amount": amount // 2})
                return amount - amount // 2
            case "cancel":
                use = self._client.change_credit("", wanted)
                self._client.change_credit(f"/{use.id}/reverse", {})
                return amount
            case "refund":
                use = self._client.change_credit("", wanted)
                refund = {"refund_id": f"refund_{scene.order}", "amount": amount * 5, "order_amount": amount * 10}
                self._client.change_credit(f"/{use.id}/refunds", refund)
                return round(amount / 2)  # half to even, once for the order
            case _:
                assert_never(scene.how)

    def _pay_with_code(self, scene: PayWithCode) -> None:
        """Reports the payment, with the owner's code if there is one. The shop may have used or held it for the order before."""
        reward = self._find_code(scene)
        fact = scene.fact if reward is None else _with_code(scene, reward)
        if reward is not None and scene.checkout != "none":
            order = fact.data.order
            self._client.redeem(reward, order, f"checkout-{order}", by_code=True, hold=scene.checkout == "held")
        for batch in request_batches([fact, fact] if scene.twice else [fact], (), 0):
            rejected = {one.index for one in self._client.send(batch.batch).rejected}
            self._journal.facts += [one for index, one in enumerate(batch.facts) if index not in rejected]

    def _find_code(self, scene: PayWithCode) -> Reward | None:
        """The owner's reward by the rule, unless it was taken back; what a wallet shows of its code is noted in the journal."""
        rewards = self._client.wallet(self._program, scene.owner) if scene.owner else []
        found = (one for one in rewards if one.rule == scene.rule and one.status in _CODE_STATUSES)
        reward = next((one for one in found if one.code and one.revoked_for is None), None)
        if reward is not None and reward.code:
            code = WalletCode(reward.code, reward.id, reward.rule, scene.owner, reward.value)
            self._journal.codes.append(code)
        return reward


def _with_code(scene: PayWithCode, reward: Reward) -> OrderPaid:
    """The payment with the code as people type it, and how much of a fixed amount is used."""
    typed = f" {reward.code} ".lower() if scene.twice else reward.code
    used = None if reward.value is None or scene.percent is None else _part(reward.value, scene.percent)
    return replace(scene.fact, data=replace(scene.fact.data, reward_code=typed, reward_amount=used))


def _part(value: Value, percent: int) -> Decimal:
    return in_main_unit(Value(value.amount * percent // 100, value.unit))
