"""Sentences about the facts of a person that changed no verdict: from before the program, or beyond the lateness bound."""

from datetime import datetime

from conversion_tracker.attribution.person import Person


def ignored_facts(person: Person, applied_at: datetime) -> list[str]:
    """Returns a sentence for each reason why facts changed nothing. `applied_at` is when the program was applied first."""
    sentences = []
    if person.early_facts:
        reason = f"from before the program was applied ({applied_at:%Y-%m-%d %H:%M:%S} UTC)"
        sentences.append(f"{_events(person.early_facts)} {reason} changed nothing.")
    if person.late_facts:
        reason = "that arrived beyond the lateness bound (REFERRAL_LATENESS_DAYS)"
        sentences.append(f"{_events(person.late_facts)} {reason} changed nothing.")
    return sentences


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"
