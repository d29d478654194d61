"""The screen fold with one further rule, which fails for people who reported a device: their conversions are held."""

from conversion_tracker.screening.catalogue import RULES
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.rule import Observation, ScreeningCase, ScreeningRule
from referral.config import Settings
from referral.events.screening import Screening
from referral.fold.fold_process import run_folds


def _evaluate(case: ScreeningCase, _: Screening) -> Observation | None:
    if case.referral.device is not None:
        raise LookupError("this rule cannot evaluate this person")
    return None


_FAILING = ScreeningRule("ring", "Fails for some people.", "referral", "low", lambda _: "hold", _evaluate)

if __name__ == "__main__":
    run_folds([ScreenFold([*RULES, _FAILING])], Settings.from_env())
