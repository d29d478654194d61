"""The simulation itself: hour by hour, from the first follower to the last late fact."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from referral.events.program import Program
from referral_tools.campaign.challenge import Challenge
from referral_tools.campaign.comments import Comments
from referral_tools.campaign.contents import Contents
from referral_tools.campaign.discovery import Discovery
from referral_tools.campaign.followers import Followers
from referral_tools.campaign.following import Following
from referral_tools.campaign.market import Market
from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.post_views import PostViews
from referral_tools.campaign.script import ScriptStep
from referral_tools.campaign.sharing import Sharing
from referral_tools.campaign.shop import Shop
from referral_tools.campaign.simulation_context import SimulationContext

_HOURS = 24


class Simulation:
    """A campaign of `model.days` days up to `end` (midnight in the program's zone, for days to be days)."""

    def __init__(self, model: CampaignModel, program: Program, seed: int, end: datetime) -> None:
        start = end - timedelta(days=model.days)
        self._stage = stage = SimulationContext(model, program, seed, start)
        self._comments = Comments(stage, seed, model.days * _HOURS)
        following = Following(stage, self._comments)
        self._discovery = Discovery(stage, following)
        self._shop = Shop(stage, seed, start)
        contents = Contents(stage)
        self._post_views = PostViews(stage, seed, start)
        sharing = Sharing(stage, following, contents)
        self._followers = Followers(stage, following, sharing, self._shop, contents, self._post_views)
        self._challenge = Challenge(stage, seed, start, self._post_views)
        self._market = Market(stage, self._followers)

    def steps(self) -> Iterator[ScriptStep]:
        """The script, hour by hour; the same for the same arguments. Can be walked through once."""
        yield self._first()
        last = self._stage.model.days * _HOURS
        for hour in range(1, last + 1):
            yield self._hour(hour)
        yield ScriptStep(
            self._stage.page.at,
            paste=self._comments.recent(),
            deeds=[
                *self._stage.platform.deliver_remaining(),
                *self._shop.platform.deliver_remaining(),
                *self._challenge.platform.deliver_remaining(),
                *self._post_views.platform.deliver_remaining(),
            ],
        )

    def _first(self) -> ScriptStep:
        """Those who follow already do so before the first hour of the campaign."""
        self._stage.turn(0)
        self._discovery.base()
        return self._delivery_steps()

    def _hour(self, hour: int) -> ScriptStep:
        at = self._stage.page.at + timedelta(hours=1)
        self._shop.turn(hour, at)
        self._challenge.turn(hour, at)
        self._post_views.turn(hour, at)
        self._stage.turn(hour)
        season = self._stage.model.season(self._stage.local)
        self._discovery.hour(season)
        self._followers.hour(season)
        self._challenge.hour(season)
        self._market.hour()
        self._shop.hour()
        return self._delivery_steps()

    def _delivery_steps(self) -> ScriptStep:
        page, platform = self._stage.page, self._stage.platform
        page.deeds = platform.deliver()
        page.paste = self._comments.paste()
        page.malformed = platform.malformed(len(page.deeds))
        others = self._shop.platform, self._challenge.platform, self._post_views.platform
        page.deeds += [deed for other in others for deed in other.deliver()]
        return page
