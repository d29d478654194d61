"""Tests a connection to a broker before a client is created: TCP, TLS and password, each failure with its reason.

kafka-python 3.0.12 retries each of them until its time-out and then names none: it drops the broker's answer to a wrong password,
because the broker closes the connection with it.
"""

import socket
import ssl

from kafka.errors import for_code
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.api_message import ApiMessage
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from referral.config import Settings
from referral.log.errors import AccessDenied, ConnectionDropped
from referral.log.security import client_options, tls_context, uses_password

_CONNECT_TIMEOUT_S = 1.0
_HANDSHAKE_TIMEOUT_S = 2.0
_MAX_ANSWER = 64 * 1024  # bytes


def handshake(server: str, settings: Settings) -> None:
    """Connects to `host:port` as the settings say, and disconnects.

    Raises AccessDenied if the broker and this process refuse each other, OSError (TimeoutError included) if there is no answer.
    """
    host, _, port = server.rpartition(":")
    host = host.strip("[]")
    with socket.create_connection((host, int(port)), timeout=_CONNECT_TIMEOUT_S) as plain:
        plain.settimeout(_HANDSHAKE_TIMEOUT_S)
        context = tls_context(settings)
        if context is None:
            _authenticate(plain, server, settings)
            return
        with _encrypt(plain, host, server, context) as encrypted:
            _authenticate(encrypted, server, settings)


def _encrypt(plain: socket.socket, host: str, server: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise AccessDenied(
            f"the certificate of Kafka at {server} is not accepted ({error.verify_message}): set REFERRAL_KAFKA_CA to the"
            " certificate authority that signed it, and REFERRAL_KAFKA to a name in it"
        ) from error
    except (ssl.SSLEOFError, ConnectionError) as error:
        raise ConnectionDropped(_no_tls(server, error)) from error
    except ssl.SSLError as error:
        raise AccessDenied(_no_tls(server, error)) from error


def _no_tls(server: str, error: Exception) -> str:
    return f"Kafka at {server} does not accept TLS ({type(error).__name__}): set REFERRAL_KAFKA_SECURITY to what that listener uses"


def _authenticate(connection: socket.socket, server: str, settings: Settings) -> None:
    if not uses_password(settings):
        return
    try:
        _exchange_password(connection, server, settings)
    except (AccessDenied, TimeoutError):
        raise
    except ConnectionError as error:
        raise ConnectionDropped(_refusal(server, settings, f"no answer: {type(error).__name__}")) from error
    except Exception as error:  # the decoder raises whatever an answer leads to that is not of Kafka's protocol
        raise AccessDenied(_refusal(server, settings, f"no valid answer: {type(error).__name__}")) from error


def _exchange_password(connection: socket.socket, server: str, settings: Settings) -> None:
    protocol = KafkaProtocol(client_id="referral", receive_message_max_bytes=_MAX_ANSWER)
    response = _request(connection, protocol, SaslHandshakeRequest[1](mechanism=settings.kafka_mechanism))
    if response.error_code:
        offered = ", ".join(response.mechanisms) or "none"
        raise AccessDenied(
            f"Kafka at {server} does not offer {settings.kafka_mechanism} but {offered}: correct REFERRAL_KAFKA_MECHANISM"
        )
    mechanism = get_sasl_mechanism(settings.kafka_mechanism)(**client_options(settings))
    while not mechanism.is_done():
        response = _request(connection, protocol, SaslAuthenticateRequest[0](mechanism.auth_bytes()))
        if response.error_code:
            reason = response.error_message or for_code(response.error_code).__name__
            raise AccessDenied(_refusal(server, settings, reason))
        mechanism.receive(response.auth_bytes)


def _request(connection: socket.socket, protocol: KafkaProtocol, request: ApiMessage) -> ApiMessage:
    """Sends a request and returns its response. Raises ConnectionError if the broker closes the connection instead."""
    protocol.send_request(request)
    connection.sendall(protocol.send_bytes())
    while True:
        received = connection.recv(4096)
        if not received:
            raise ConnectionResetError
        for _, response in protocol.receive_bytes(received):
            return response


def _refusal(server: str, settings: Settings, reason: str) -> str:
    return (
        f"Kafka at {server} refuses the user {settings.kafka_user!r} ({reason}): check REFERRAL_KAFKA_USER,"
        " REFERRAL_KAFKA_PASSWORD and REFERRAL_KAFKA_MECHANISM, and REFERRAL_KAFKA_SECURITY against the listener"
    )
