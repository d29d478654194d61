"""The messages of a promoter as their wallet shows them: the same words as by any other channel, and when it happened."""

from collections.abc import Sequence
from dataclasses import dataclass

from referral.events.promoter_messages import MessageItem
from referral.events.timestamps import to_ms
from reward_dispatcher.pages.date_texts import day_text
from reward_dispatcher.pages.message_texts import MessageFacts, write_item
from reward_dispatcher.pages.tickets import Moment


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message: its words, and the day."""

    text: str
    day: str


def message_views(items: Sequence[MessageItem], facts: MessageFacts, at: Moment) -> list[MessageView]:
    """Returns the messages that are still true, newest first.

    Of those about the next milestone there is the newest alone: all have the same text.
    """
    views: list[MessageView] = []
    has_progress = False
    for item in sorted(items, key=lambda one: one.at, reverse=True):
        if item.kind == "progress" and has_progress:
            continue
        has_progress = has_progress or item.kind == "progress"
        if (written := write_item(item, facts)) is not None:
            views.append(MessageView(written.text, day_text(to_ms(item.at), at.zone, at.now_ms)))
    return views
