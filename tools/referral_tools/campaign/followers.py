"""What followers do: see content and share it, post, buy, leave."""

from decimal import Decimal

from referral.events.facts import (
    Content,
    ContentShared,
    ContentShown,
    Order,
    OrderPaid,
    Post,
    PostPublished,
    PostRemoved,
    Shared,
)
from referral_tools.campaign.contents import Contents
from referral_tools.campaign.following import Following
from referral_tools.campaign.people import SimulatedPerson
from referral_tools.campaign.post_views import PostViews
from referral_tools.campaign.script import PlannedEvent
from referral_tools.campaign.sharing import Sharing
from referral_tools.campaign.shop import Shop
from referral_tools.campaign.simulation_context import SimulationContext

_DAY = 24


class Followers:
    """Applies each rate of the model once an hour to all followers."""

    def __init__(
        self,
        stage: SimulationContext,
        following: Following,
        sharing: Sharing,
        shop: Shop,
        contents: Contents,
        post_views: PostViews,
    ) -> None:
        self._stage, self._following, self._sharing, self._shop = stage, following, sharing, shop
        self._contents, self._post_views = contents, post_views

    def hour(self, season: float) -> None:
        """Simulates one hour of all followers."""
        model = self._stage.model
        for rate, act in ((model.views, self.views), (model.posts, self.posts), (model.orders, self.orders)):
            for person in self._random_count(rate * season):
                act(person)
        for person in self._random_count(model.unfollows):
            if not person.referral_count or self._stage.dice.happens(1 / model.referred_loyalty):
                self._following.unfollow(person)

    def views(self, person: SimulatedPerson) -> None:
        """A follower sees an item and may share it, more often if it has a call to action."""
        stage = self._stage
        content = self._contents.view(person)
        stage.platform.report(person, PlannedEvent(ContentShown(**stage.platform.about(person), data=content)))
        if person.shares and stage.dice.happens(stage.model.share_probability * stage.model.uplift(content.cta)):
            self.shares(person, content)

    def shares(self, person: SimulatedPerson, content: Content) -> None:
        """A follower enrols, if they have not yet, and shares an item with friends."""
        stage = self._stage
        stage.enrol(person)
        channel = stage.dice.choice(stage.program.channels)
        shared = ContentShared(
            **stage.platform.about(person), channel=channel, data=Shared(content=content.content, cta=content.cta)
        )
        stage.platform.report(person, PlannedEvent(shared))
        for _ in range(stage.dice.count(min(stage.model.friends_per_share * person.influence, 40))):
            self._sharing.reach_friends(person, channel, content)

    def posts(self, person: SimulatedPerson) -> None:
        """A follower publishes a post of their own; a few posts are removed later."""
        stage = self._stage
        about = stage.platform.about(person)
        post = Post(post=f"post_{about['id'].removeprefix('evt_')}", hashtags=("#GlowTogether",))
        stage.platform.report(person, PlannedEvent(PostPublished(**about, channel="xiaohongshu", data=post)))
        self._post_views.follow(person, post)
        if stage.dice.happens(stage.model.removed_posts):
            stage.later(stage.dice.soon(30), lambda: self._removes(person, post))

    def orders(self, person: SimulatedPerson, *, with_reward: bool = False) -> str:
        """A follower buys something, and may use a reward for it; returns the id of the order."""
        stage = self._stage
        about = stage.platform.about(person)
        amount = Decimal(stage.dice.randrange(59, 500))
        order = Order(order=f"order_{about['id'].removeprefix('evt_')}", amount=amount, currency="CNY")
        stage.platform.report(person, PlannedEvent(OrderPaid(**about, data=order)))
        self._shop.sold(person, order, with_reward=with_reward)
        return order.order

    def _random_count(self, rate: float) -> list[SimulatedPerson]:
        followers = self._stage.crowd.followers
        return [self._stage.dice.choice(followers) for _ in range(self._stage.dice.count(rate * len(followers) / _DAY))]

    def _removes(self, person: SimulatedPerson, post: Post) -> None:
        self._stage.platform.report(
            person, PlannedEvent(PostRemoved(**self._stage.platform.about(person), data=Post(post=post.post)))
        )
