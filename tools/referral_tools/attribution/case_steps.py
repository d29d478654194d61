"""What happens to one person in a case: plain data, which the tests make facts of."""

from dataclasses import dataclass, field
from typing import Literal

Did = Literal["follow", "unfollow", "active", "scan", "tag", "order", "refund"]

AMY, BO = "Amy", "Bo"
"""The two possible referrers of the person; their codes are AMY88 and BO88, their mentions @amy and @bo."""
OWN_CODE = "FRIEND88"
"""The person's own code."""


@dataclass(frozen=True, slots=True)
class CaseStep:
    """Something the person did on a day, and the fields of its event; `click` is whose link was opened, and when."""

    action: Did
    day: float
    said: dict[str, str] = field(default_factory=dict)
    click: tuple[str, float] | None = None
