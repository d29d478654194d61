"""The reward rules over conversions of Amy's friends, without a fold."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from referral.entitlement.conversion_rewards import grant_rewards, revoke_rewards
from referral.entitlement.grants import ConversionGrants, ReferrerGrants
from referral.events.attributions import ReferrerKind
from referral.events.entities import ProgramVersion
from referral.events.facts import Channel
from referral.events.rewards import RewardGranted, RewardStopped
from tests.support.builders.reward_dispatcher import friend_conversion, friend_reversal, rewards_of


@dataclass
class Entitlement:
    """What conversions of Amy's friends entitle to: `rewards` are those in effect by id, `lines` all lines in order."""

    kind: ReferrerKind = "follower"
    rewards: dict[str, RewardGranted] = field(default_factory=dict)
    lines: list[object] = field(default_factory=list)
    _referrer: ReferrerGrants = field(default_factory=ReferrerGrants)
    _converted: dict[int, ConversionGrants] = field(default_factory=dict)

    @property
    def friends(self) -> set[int]:
        """The friends whose conversions count."""
        return set(self._converted)

    @property
    def referrer(self) -> ReferrerGrants:
        """What Amy's friends count for."""
        return self._referrer

    def set_converted(self, friend: int, converts: bool, terms: ProgramVersion, channel: Channel | None = None) -> None:
        """Clears or reverses a friend's conversion; does nothing if that is its status already."""
        if converts == (friend in self._converted):
            return
        if converts:
            line = replace(friend_conversion(friend), referrer_kind=self.kind)
            line = replace(line, evidence=replace(line.evidence, channel=channel))
            verdict = grant_rewards(line, rewards_of(terms, self.kind), self._referrer)
        else:
            verdict = revoke_rewards(friend_reversal(friend), self._converted.pop(friend), self._referrer)
        self._referrer = verdict.referrer
        if verdict.conversion.active:
            self._converted[friend] = verdict.conversion
        for line in verdict.lines:
            self._record(line)

    def _record(self, line: object) -> None:
        self.lines.append(line)
        if isinstance(line, RewardGranted):
            assert line.id not in self.rewards, "a reward in effect was granted again"
            self.rewards[line.id] = line
        elif not isinstance(line, RewardStopped):
            del self.rewards[line.id]  # type: ignore[attr-defined] # a revocation
