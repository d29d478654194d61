"""The campaign without a system: placeholders get invented values, and every fact is accepted. For calibration and tests."""

from collections.abc import Iterable

from referral.events.ids import derive_id, reward_id
from referral_tools.campaign.script import LiveValues, Purchase, ScriptStep
from referral_tools.oracle import Enrolled, ExpectedDesk, Journal, RedemptionAnswer


def run_offline(steps: Iterable[ScriptStep], program: str) -> Journal:
    """Returns what a perfect system would have accepted. Raises KeyError if the script uses a value that does not exist yet."""
    journal, cast = Journal(), LiveValues()
    desk = ExpectedDesk(program, journal)
    for step in steps:
        for one in step.enrolments:
            number = len(cast.enrolled)
            enrolled = Enrolled(offline_person_id(program, one.person), one.person, f"C{number}", f"@{number}", step.at)
            cast.enrolled[one.person] = enrolled
        for visit in step.visits:
            token = f"click-{visit.number}"
            journal.clicks[token] = cast.add_click(visit, token, step.at)
        journal.facts.extend(map(cast.fill, step.deeds))
        journal.facts.extend(desk.paste([cast.fill_comment(one) for one in step.paste], step.at))
        journal.redemptions.extend(_purchase_result(one, program) for one in step.purchases)
    journal.participants.extend(cast.enrolled.values())
    return journal


def offline_person_id(program: str, external_id: str) -> str:
    """Returns the invented person id of an external id."""
    return derive_id("psn", program, external_id)


def _purchase_result(purchase: Purchase, program: str) -> RedemptionAnswer:
    """Which rule gives codes, and for which conversion, does not matter here: one code per friend."""
    owner = offline_person_id(program, purchase.person)
    reward = reward_id(program, "code", owner, owner)
    return RedemptionAnswer(reward, "code", purchase.person, purchase.order, True)
