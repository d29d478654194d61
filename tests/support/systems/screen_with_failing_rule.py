"""The screen fold with one further rule, which fails for people whose id begins with `xhs:odd`: their conversions are held."""

from conversion_tracker.screening.catalogue import RULES
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.config import Settings
from referral.events.screening import Screening
from referral.fold.worker import run_fold


def _decide(case: ScreeningCase, _: Screening) -> bool:
    if case.referral.person.startswith("xhs:odd"):
        raise LookupError("this rule cannot decide on this person")
    return False


_FAILING = ScreeningRule("ring", "Fails for some people.", "referral", "low", lambda _: "hold", _decide)

if __name__ == "__main__":
    run_fold(ScreenFold([*RULES, _FAILING]), Settings.from_env())
