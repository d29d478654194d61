"""The campaign of a program: the days that its first version with a campaign declares. Later versions cannot change them."""

from leaderboard.domain.periods import Window, campaign_window
from referral.catalog.view import Catalog


def campaign_of(program: str, zone: str, catalog: Catalog) -> Window | None:
    """Returns the period of a program's campaign in its time zone; None without a campaign."""
    declared = (version.program.campaign for version in catalog.versions(program))
    campaign = next((one for one in declared if one is not None), None)
    return campaign_window(campaign, zone) if campaign else None
