"""People who find the account by themselves."""

from referral_tools.campaign.following import Following
from referral_tools.campaign.simulation_context import SimulationContext

_NOBODYS_CODE = "GLOW-FREE-2026"
_DAY = 24


class Discovery:
    """Newcomers without a referrer."""

    def __init__(self, stage: SimulationContext, following: Following) -> None:
        self._stage, self._following = stage, following

    def base(self) -> None:
        """Those who follow before the campaign begins."""
        for _ in range(self._stage.model.base_followers):
            self._following.begin(self._stage.crowd.newcomer())

    def hour(self, season: float) -> None:
        """Some find it in an hour: the more it is followed, the more the platform shows it."""
        stage, model = self._stage, self._stage.model
        daily = model.discoveries + model.discoveries_per_follower * len(stage.crowd.followers)
        for _ in range(stage.dice.count(daily * season / _DAY)):
            code = _NOBODYS_CODE if stage.dice.happens(model.unknown_codes) else None
            self._following.begin(stage.crowd.newcomer(), code=code)
