"""The independent oracle: computes every figure again from the accepted events, by the simplest correct code.

It shares the contracts of the log with the system (types and ids), but no code of a service or of the fold. The system
folds increments in the order of arrival; the oracle sorts all events and decides once per person. Every disagreement
between the two is a defect.

It knows people by their external ids, as platforms do. The person ids that conversion and reward ids are derived from are what
the API answers: participants' at enrolment, others' through the `person_id` given to the oracle.
"""

from referral_tools.oracle.closed_boards import ClosedPlace, closed_rows, draw_people, merkle_root
from referral_tools.oracle.daily_figures import Day
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.expected_boards import BoardPlace
from referral_tools.oracle.expected_codes import TAKEN, CodeOutcome
from referral_tools.oracle.expected_desk import ExpectedDesk
from referral_tools.oracle.expected_experiments import ExpectedExperiment
from referral_tools.oracle.expected_insights import ExpectedInsights
from referral_tools.oracle.experiment_bounds import PairTotals, totals_of, wilson
from referral_tools.oracle.figures import Figures, Oracle
from referral_tools.oracle.insight_estimates import Insight
from referral_tools.oracle.journal import (
    BoardStep,
    Click,
    Comment,
    ConversionStep,
    CreditUse,
    Enrolled,
    ExperimentLook,
    HeldDraw,
    Journal,
    PersonIdOf,
    RedemptionAnswer,
    WalletCode,
)

__all__ = [
    "TAKEN",
    "BoardPlace",
    "BoardStep",
    "Click",
    "ClosedPlace",
    "CodeOutcome",
    "Comment",
    "ConversionStep",
    "CreditUse",
    "Day",
    "Enrolled",
    "ExpectedDesk",
    "ExpectedExperiment",
    "ExpectedInsights",
    "ExpectedReferral",
    "ExperimentLook",
    "Figures",
    "HeldDraw",
    "Insight",
    "Journal",
    "Oracle",
    "PairTotals",
    "PersonIdOf",
    "RedemptionAnswer",
    "WalletCode",
    "closed_rows",
    "draw_people",
    "merkle_root",
    "totals_of",
    "wilson",
]
