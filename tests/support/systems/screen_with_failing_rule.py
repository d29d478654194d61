"""The screen fold with one rule more, which cannot decide on people whose id begins with `xhs:odd`: they are held."""

from conversion_tracker.screening.catalogue import RULES
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.rule import ScreeningCase, ScreeningRule
from referral.config import Settings
from referral.events.screening import Screening
from referral.fold.worker import run_fold


def _decide(case: ScreeningCase, _: Screening) -> bool:
    if case.referral.person.startswith("xhs:odd"):
        raise LookupError("this rule knows nobody like that")
    return False


_SUSPICIOUS = ScreeningRule("ring", "Odd people are looked at.", "referral", "low", lambda _: "hold", _decide)

if __name__ == "__main__":
    run_fold(ScreenFold([*RULES, _SUSPICIOUS]), Settings.from_env())
