"""The parameters of the simulated world, with what each means. None is a total: growth comes out of the process.

The defaults are calibrated to the published case: 500 → about 3,200 followers in 60 days, about 40 % of the new ones
from referrals, and over 2,000 posts by the community. Over seeds 1 to 12 they give 3,125 followers (standard deviation
228), 38.8 % (4.2) and 3,355 posts (288), 2,228 (227) of them for the challenge; what one seed gives depends on the weekday
it ends on, too.

How many share follows from the case and from another published claim. 40 % of 2,700 new followers are 1,080; if a sharer
brings 5 to 20 of them, 54 to 216 people share, 2 to 7 % of 3,200. How unequal they are is taken from friends on Facebook: a
median of 99 and a mean of 190 (Ugander and others 2011) give σ = √(2 ln(190 / 99)) = 1.14.
"""

from dataclasses import dataclass
from datetime import datetime

# How busy an hour and a weekday are, against an average of 1: evenings and weekends, as on most social platforms.
_MORNING = (0.45, 0.25, 0.12, 0.08, 0.06, 0.1, 0.3, 0.6, 0.8, 0.9, 0.95, 1.1)
_EVENING = (1.4, 1.3, 1.0, 0.95, 1.0, 1.15, 1.4, 1.8, 2.3, 2.6, 2.2, 1.19)
_HOURS = _MORNING + _EVENING
_WEEKDAYS = (0.9, 0.9, 0.95, 0.95, 1.05, 1.15, 1.1)  # Monday first


@dataclass(frozen=True, slots=True)
class CampaignModel:
    """How people behave. Rates are per day and follower, and probabilities per occasion, unless noted otherwise."""

    days: int = 60
    base_followers: int = 500  # they follow before the campaign begins

    # Discovery: people who find the account by themselves
    discoveries: float = 20.5  # a day, however small the account is
    discoveries_per_follower: float = 0.0055  # a day: the platform shows what is followed

    # What followers do
    views: float = 0.42
    posts: float = 0.012
    views_per_post: float = 80.0  # of a post by a follower, times the author's influence
    orders: float = 0.004
    unfollows: float = 0.0035  # of those who discovered the account; referred followers stay longer:
    referred_loyalty: float = 2.0  # times less likely to leave

    # Sharing: a view leads to it
    sharers: float = 0.055  # of people ever pass something on; see above
    referred_sharers: float = 1.5  # times as many of those a friend told of the account (Gershon and Jiang 2024: more)
    share_probability: float = 0.3  # theirs, without a call to action
    cta_uplift: float = 3.0  # times more with a specific call to action
    weak_ctas: tuple[tuple[str, float], ...] = (("save", 1.5), ("share", 1.0))  # times more with those that are not
    cta_shown: float = 0.5  # of views of items without an experiment; in an experiment everyone sees their variant
    friends_per_share: float = 4.7  # times the sharer's influence
    influence_spread: float = 1.14  # sigma of its log-normal distribution, mean 1, as of friends on Facebook; see above

    # What friends do
    known_friend: float = 0.12  # already met in this campaign
    click_probability: float = 0.42
    follow_after_click: float = 0.38
    follow_after_word: float = 0.17  # a code or a mention, where no link can be
    reply_hours: float = 9.0  # mean delay until a friend looks, and again until they follow

    # The challenge of the program
    challenge_day: int = 20  # of the campaign: it begins at midnight, 0 is the first day
    challenge_joins: float = 0.1  # of those who follow when it begins, and of those who begin to follow while it lasts
    challenge_posts: float = 0.45  # with its hashtag, a day and joiner

    rights_given: float = 0.4  # of these posts: their author allows that they are shown

    # What does not go as it should
    removed_posts: float = 0.03
    returns: float = 0.25  # of those who leave come back after days
    forgotten_evidence: float = 0.04  # of friends who follow; the click may be known from earlier
    late_followers: float = 0.015  # of clicks: the follow comes after the window
    own_codes: float = 0.008  # of new followers try their own code
    unknown_codes: float = 0.01  # or an unknown one
    repeated_follows: float = 0.01  # reported again as a new fact

    # How platforms deliver: every few hours what has happened since; and of facts
    report_hours: int = 3
    sent_twice: float = 0.03
    hours_late: float = 0.1
    days_late: float = 0.02
    malformed: float = 0.0015  # sent beside the fact, to be refused by itself

    # Buying with the welcome code, on sale evenings (day of the campaign)
    sale_days: tuple[int, ...] = (20, 34, 48, 59)
    buyers: float = 0.3  # of friends whose code is ready
    buys_twice: float = 0.15  # of buyers: the same code for another order
    impatient: float = 0.15  # of buyers: the same request twice at once

    # The shop: refunds, orders with a friend's code, and what happens in the evening of a day of the campaign
    refunds: float = 0.15  # of orders
    whole_refunds: float = 0.4  # of those: all of the order; the others in part
    cancellations: float = 0.5  # of those are cancelled instead
    reinstatements: float = 0.4  # of cancelled orders are valid after all
    code_orders: float = 0.6  # a day, by people who do not follow (yet)
    code_uploads: tuple[tuple[int, int], ...] = ((5, 12), (45, 150))  # day, and how many codes
    budget_raises: tuple[tuple[int, int], ...] = ((50, 60_000),)  # day, and the new total in yuan
    receiver_outage: tuple[int, ...] = (22, 24)  # the webhook receiver is dead from the first of these days to the last
    spending_days: tuple[int, ...] = (30, 42, 53)
    spenders: float = 0.4  # of promoters who follow: use part of their credit, if they have any
    coded_days: tuple[int, ...] = (
        25,
        38,
        51,
    )  # orders are reported with the code of a reward; far enough apart for late events
    coded_friends: float = 0.15  # of friends whose welcome code is ready
    coded_promoters: float = 0.5  # of the most influential promoters: with their own code, if they have one
    coded_again: float = 0.4  # of those whose code was used for an order on an earlier day

    def uplift(self, cta: str | None) -> float:
        """How many times more a view leads to sharing than one without a call to action."""
        return dict(self.weak_ctas).get(cta, self.cta_uplift) if cta else 1.0

    def season(self, local: datetime) -> float:
        """How busy this hour is, 1 on average over a week."""
        return _HOURS[local.hour] * 24 / sum(_HOURS) * _WEEKDAYS[local.weekday()] * 7 / sum(_WEEKDAYS)
