"""Errors between a process and the log."""

from kafka.errors import KafkaError


class NotDurable(Exception):
    """Kafka did not acknowledge lines in time. They may still arrive: send them again under the same ids."""


class Overloaded(Exception):
    """Too many lines are waiting for acknowledgement; none of these was accepted."""


class LogUnavailable(Exception):
    """The log could not be read, so what it holds is unknown: the message names what, where, why and the remedy."""

    def __init__(
        self, what: str, servers: str, reason: str, remedy: str = "Check that the broker is running and reachable."
    ) -> None:
        super().__init__(f"Cannot read {what} from Kafka at {servers}: {reason}. {remedy}")
        self.reason = reason


class AccessDenied(KafkaError):  # type: ignore[misc] # kafka-python has no types
    """The broker and this process do not accept each other: its certificate, a user or password, or missing rights.

    The message names what was refused and the setting or command that corrects it.
    """

    def __str__(self) -> str:
        return str(self.args[0])


class ConnectionDropped(AccessDenied):
    """The broker closed the connection without an answer: it is restarting, or its listener uses another protocol."""
