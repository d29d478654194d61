"""Rates: how certain a number of events for each unit of exposure is."""

from scipy.special import chdtri


def rate_interval(events: int, exposure: float, alpha: float) -> tuple[float, float]:
    """Returns the bounds of `events` / `exposure` at level 1 - alpha; (0, 0) without exposure.

    The exact interval of a Poisson mean by quantiles of χ²: F. Garwood, "Fiducial limits for the Poisson distribution",
    Biometrika 28 (1936); events are taken as independent of each other.
    """
    if exposure <= 0:
        return 0.0, 0.0
    low = float(chdtri(2 * events, 1 - alpha / 2)) / 2 if events else 0.0
    return low / exposure, float(chdtri(2 * events + 2, alpha / 2)) / 2 / exposure
