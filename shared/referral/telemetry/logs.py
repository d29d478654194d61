"""Logs: one wide event for what happened, as JSON (or for people), on standard output. No secret, address or user agent."""

import logging
import math
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog

from referral.config import Settings

# What must not be read in a log, whoever wrote it there.
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
_REPEATING = frozenset(("aiokafka",))  # says dozens of times a second that its broker is away
_REPEAT_S = 60
_encode = msgspec.json.Encoder(enc_hook=repr).encode

Event = MutableMapping[str, Any]  # as structlog has it


def configure_logs(service: str, settings: Settings) -> None:
    """Sets logging up for this process; what libraries log comes out in the same form, from warnings on."""
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
    # It reports each attempt to reconnect; we say once that we wait.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Takes out what must not be in a log, by its name."""
    for name in _REDACTED_FIELDS & event.keys():
        event[name] = "[withheld]"
    return event


def _as_json(_logger: object, _method: str, event: Event) -> bytes:
    return _encode(event)


class _ServiceName:
    """Puts the service's name first."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        return {"service": self._service, **event}


class _LibraryLogHandler(logging.Handler):
    """Hands on what libraries log, and of one that repeats itself each message once a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}  # by its template: as many as there are lines that log

    def emit(self, record: logging.LogRecord) -> None:
        """One record becomes one event, or none."""
        if record.name.partition(".")[0] in _REPEATING and not self._is_news(str(record.msg)):
            return
        structlog.get_logger().log(
            record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info or None
        )

    def _is_news(self, template: str) -> bool:
        now = time.monotonic()
        if now - self._said.get(template, -math.inf) < _REPEAT_S:
            return False
        self._said[template] = now
        return True
