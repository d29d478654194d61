"""Changes of a participant's display name, mention and device.

Evidence is judged by the mention and device of its time, so the former ones are kept. A change of them takes effect some seconds
after it is durable (RULE_CHANGE_DELAY): by then every reader of the catalog has it, so a replay decides as the folds did live.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from referral.events.entities import MAX_FORMER_DETAILS, RULE_CHANGE_DELAY, FormerDetails, Participant


class TooManyChanges(ValueError):
    """The mention and device of a participant were changed as often as is recorded; the message names how often."""


def change_participant(participant: Participant, changes: Mapping[str, str | None], now: datetime) -> Participant:
    """The participant with `display_name`, `mention` and `device` changed to what `changes` has of them; itself if nothing differs.

    Raises TooManyChanges.
    """
    name = changes.get("display_name") or participant.display_name
    mention, device = changes.get("mention", participant.mention), changes.get("device", participant.device)
    former = participant.former
    if (mention, device) != (participant.mention, participant.device):
        if len(former) == MAX_FORMER_DETAILS:
            raise TooManyChanges(f"mention and device were changed {MAX_FORMER_DETAILS} times, which is the most")
        until = now + RULE_CHANGE_DELAY
        former = (*former, FormerDetails(until=until, mention=participant.mention, device=participant.device))
    changed = replace(participant, display_name=name, mention=mention, device=device, former=former)
    return participant if changed == participant else changed
