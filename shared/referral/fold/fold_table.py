"""How a service makes its folds: a table that its command line chooses from."""

from collections.abc import Callable, Mapping
from typing import Any

from referral.config import Settings
from referral.fold.fold import Fold

AnyFold = Fold[Any, Any]  # type: ignore[explicit-any] # folds of different lines and states, side by side in a process
FoldTable = Mapping[str, Callable[[Settings], AnyFold]]
"""A function for each fold, by name; it imports what its fold alone needs."""
