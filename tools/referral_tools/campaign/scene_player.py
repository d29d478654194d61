"""Plays the scenes of a campaign through the public HTTP API, and records what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from referral_tools.campaign.client import Client
from referral_tools.campaign.receiver import WebhookReceiver
from referral_tools.campaign.scenes import RaiseBudget, Scene, SpendCredit, SwitchReceiver, UploadCodes
from referral_tools.oracle import CreditUse, Journal

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
