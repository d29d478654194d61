"""Encryption and authentication of connections to Kafka, from the settings; the same for every client."""

import ssl

from referral.config import Settings


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context of the broker's connections, or None if they are not encrypted.

    The certificate of the broker is verified, and its name compared with the host that is connected to.
    """
    if not settings.kafka_security.endswith("ssl"):
        return None
    return ssl.create_default_context(cafile=settings.kafka_ca or None)


def client_options(settings: Settings) -> dict[str, object]:
    """The options of a kafka-python client: protocol, TLS, and user and password for SCRAM."""
    options: dict[str, object] = {"security_protocol": settings.kafka_security.upper()}
    context = tls_context(settings)
    if context is not None:
        options["ssl_context"] = context
    if uses_password(settings):
        options |= {
            "sasl_mechanism": settings.kafka_mechanism,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": settings.kafka_password,
        }
    return options


def uses_password(settings: Settings) -> bool:
    """Whether connections to the broker are authenticated."""
    return settings.kafka_security.startswith("sasl_")
