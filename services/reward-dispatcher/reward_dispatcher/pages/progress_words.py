"""What a promoter is told about the way to the next reward of a milestone, in the language of the request."""

from referral.pages.languages import ngettext
from referral.pages.reward_names import reward_name
from reward_dispatcher.domain.next_milestone import MilestoneProgress


def progress_words(progress: MilestoneProgress) -> tuple[str, str]:
    """Returns how many friends of how many came, and what is still missing for which reward."""
    count = ngettext(
        "%(friends)d of %(num)d friend", "%(friends)d of %(num)d friends", progress.needed, friends=progress.friends
    )
    words = ngettext(
        "%(num)d more friend, and this is yours: %(reward)s",
        "%(num)d more friends, and this is yours: %(reward)s",
        progress.missing,
        reward=reward_name(progress.rule),
    )
    return count, words
