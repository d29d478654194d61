"""The bound on how often people may open a link: when a count is written down."""

_TENTHS = 10


def is_due(uses: int, max_uses: int) -> bool:
    """Whether a count belongs into the catalog: every tenth of the bound, every use of a small one, and the last.

    After Redis was lost the count goes on from what is written there, so a link is opened at most a tenth too often.
    """
    return uses >= max_uses or uses % max(1, max_uses // _TENTHS) == 0
