"""The independent oracle: every figure once more, from what was accepted, by the most naive code that is right.

It shares the contracts of the log with the system (types and ids), and no line of any service nor of the fold. Where
the system folds increments in some order, the oracle sorts everything and judges each person once. Whatever the two
disagree on is a defect.
"""

from referral_tools.oracle.daily_figures import Day
from referral_tools.oracle.expected_attribution import ExpectedReferral
from referral_tools.oracle.expected_boards import BoardPlace
from referral_tools.oracle.figures import Figures, Oracle
from referral_tools.oracle.journal import Click, Enrolled, Journal, RedemptionAnswer

__all__ = [
    "BoardPlace",
    "Click",
    "Day",
    "Enrolled",
    "ExpectedReferral",
    "Figures",
    "Journal",
    "Oracle",
    "RedemptionAnswer",
]
