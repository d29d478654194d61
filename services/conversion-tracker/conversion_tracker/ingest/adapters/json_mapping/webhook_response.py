"""The response to a platform's webhook."""

from typing import Annotated

import msgspec

from conversion_tracker.ingest.adapters.mapped_event import IgnoredItem
from conversion_tracker.ingest.event_errors import EventError


class WebhookResponse(msgspec.Struct, frozen=True):
    """How many events were written to the log, the errors of others, and what was ignored because it is no event."""

    accepted: Annotated[int, msgspec.Meta(ge=0, description="The number of valid events; Kafka has acknowledged them.")]
    rejected: list[EventError]
    ignored: Annotated[list[IgnoredItem], msgspec.Meta(description="What the adapter does not map; it is counted.")]
