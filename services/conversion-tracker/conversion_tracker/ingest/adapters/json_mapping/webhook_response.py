"""The response to a platform's webhook."""

from typing import Annotated

import msgspec

from conversion_tracker.ingest.adapters.mapped_event import IgnoredItem
from conversion_tracker.ingest.event_errors import EventError
from conversion_tracker.ingest.event_warnings import EventWarning


class WebhookResponse(msgspec.Struct, frozen=True):
    """How many events were written to the log, warnings about them, the errors of others, and what was ignored as no event."""

    accepted: Annotated[int, msgspec.Meta(ge=0, description="The number of valid events; Kafka has acknowledged them.")]
    rejected: list[EventError]
    warnings: Annotated[
        list[EventWarning],
        msgspec.Meta(description="About accepted events: invalid optional fields, and what changes no attribution."),
    ]
    ignored: Annotated[list[IgnoredItem], msgspec.Meta(description="What the adapter does not map; it is counted.")]
