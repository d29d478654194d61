"""Logs: one wide event per occurrence, as JSON or as text, on standard output. No secret, IP address or user agent."""

import logging
import math
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog

from referral.config import Settings

# Fields that are never logged, whichever module logs them.
_REDACTED_FIELDS = frozenset(
    (
        "authorization",
        "cookie",
        "secret",
        "signing_key",
        "password",
        "token",
        "click",
        "ip",
        "remote_addr",
        "user_agent",
    )
)
_REPEATING_LIBRARIES = frozenset(("aiokafka",))  # repeats dozens of times per second that its broker is unavailable
_REPEAT_INTERVAL_S = 60
_encode = msgspec.json.Encoder(enc_hook=repr).encode

Event = MutableMapping[str, Any]  # structlog's type


def configure_logs(service: str, settings: Settings) -> None:
    """Configures logging for this process; warnings and errors of libraries are logged in the same format."""
    level = getattr(logging, settings.log_level.upper())
    as_json = settings.log_format == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _ServiceName(service),
            redact,
            structlog.processors.format_exc_info,
            _as_json if as_json else structlog.dev.ConsoleRenderer(timestamp_key="at"),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer) if as_json else structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[_LibraryLogHandler()], force=True)
    # kafka-python logs each attempt to reconnect; referral.log and referral.fold log an outage once.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Replaces the values of fields that must not be logged."""
    for name in _REDACTED_FIELDS & event.keys():
        event[name] = "[redacted]"
    return event


def _as_json(_logger: object, _method: str, event: Event) -> bytes:
    return _encode(event)


class _ServiceName:
    """Puts the name of the process first."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        return {"service": self._service, **event}


class _LibraryLogHandler(logging.Handler):
    """Forwards what libraries log; each message of a repeating library at most once per minute."""

    def __init__(self) -> None:
        super().__init__()
        self._logged_at: dict[str, float] = {}  # by message template, so bounded by the number of log statements

    def emit(self, record: logging.LogRecord) -> None:
        """Logs a record as an event, unless it is a recent repetition."""
        if record.name.partition(".")[0] in _REPEATING_LIBRARIES and not self._is_due(str(record.msg)):
            return
        structlog.get_logger().log(
            record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info or None
        )

    def _is_due(self, template: str) -> bool:
        now = time.monotonic()
        if now - self._logged_at.get(template, -math.inf) < _REPEAT_INTERVAL_S:
            return False
        self._logged_at[template] = now
        return True
