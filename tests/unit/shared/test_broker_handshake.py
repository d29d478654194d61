"""The handshake before a Kafka client: what the broker refuses is named, and no client is created for it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka.errors import KafkaTimeoutError

from referral.config import Settings
from referral.log.connection import create_admin_client, create_consumer, create_producer
from referral.log.errors import AccessDenied, ConnectionDropped
from referral.log.handshake import handshake
from referral_tools.stack.security import create_authority

KEY = "k" * 32


@contextmanager
def listening(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """The address of a listener that treats each connection like this."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(150)


def settings(kafka: str, **changed: str) -> Settings:
    """Settings with a user and a password."""
    wanted = {"kafka_security": "sasl_plaintext", "kafka_user": "attribute", "kafka_password": "hunter2"} | changed
    return Settings(signing_key=KEY, kafka=kafka, **wanted)  # type: ignore[arg-type] # all of these are texts


def test_a_listener_without_tls_is_named(tmp_path: Path) -> None:
    """A client with TLS at a plaintext listener: the remedy is the protocol, not the certificate."""
    create_authority(tmp_path / "ca.pem")
    with listening(lambda connection: connection.sendall(b"no TLS here" * 10)) as server:
        encrypted = settings(server, kafka_security="sasl_ssl", kafka_ca=str(tmp_path / "ca.pem"))
        with pytest.raises(AccessDenied, match=r"does not accept TLS.*REFERRAL_KAFKA_SECURITY"):
            handshake(server, encrypted)


def test_a_listener_that_closes_the_connection_is_named() -> None:
    """Nothing of the password is in the message."""
    refusal = pytest.raises(AccessDenied, match=r"refuses the user 'attribute'.*REFERRAL_KAFKA_SECURITY")
    with listening(lambda connection: connection.recv(1)) as server, refusal as raised:
        handshake(server, settings(server))
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 64, b"\x00\x00\x00\x01\x00"])
def test_an_answer_that_is_not_of_kafkas_protocol_is_named(answer: bytes) -> None:
    """Another service listens there: an HTTP server, or one that sends a huge length."""
    refusal = pytest.raises(AccessDenied, match="refuses the user")
    with listening(lambda connection: connection.recv(64) and connection.send(answer)) as server, refusal:
        handshake(server, settings(server))


def test_one_broker_of_several_that_accepts_is_enough() -> None:
    """The others may be restarting."""
    with listening(lambda connection: connection.recv(1)) as refusing, listening(lambda _: None) as accepting:
        plain = Settings(signing_key=KEY, kafka=f"127.0.0.1:1,{accepting}")
        handshake(accepting, plain)
        with pytest.raises(AccessDenied):
            create_admin_client(settings(f"127.0.0.1:1,{refusing}"), 100)


@pytest.mark.parametrize(
    "create",
    [
        lambda settings: create_admin_client(settings, 300),
        lambda settings: create_consumer(settings, connect_timeout_ms=300),
        lambda settings: create_producer(settings, delivery_timeout_ms=300),
    ],
)
def test_a_refused_client_leaves_no_thread_behind(create: Callable[[Settings], object]) -> None:
    """A process that retries for hours would otherwise have thousands."""
    before = threading.active_count()
    with listening(lambda connection: connection.recv(1)) as server:
        with pytest.raises(AccessDenied):
            create(settings(server))
        assert threading.active_count() == before + 1  # the listener's own


def test_a_client_without_an_answer_leaves_no_thread_behind() -> None:
    """The broker accepts and stays silent, as one does whose listener requires TLS; the message names the setting."""
    before = threading.active_count()
    with listening(lambda connection: connection.recv(1 << 16)) as server:
        with pytest.raises(KafkaTimeoutError, match=r"does not answer.*REFERRAL_KAFKA_SECURITY"):
            create_admin_client(Settings(signing_key=KEY, kafka=server), 300)
        assert threading.active_count() == before + 1


def test_a_connection_that_a_restarting_broker_drops_is_tried_again() -> None:
    """A replay outlasts a restart; only at the end of its patience is the reason reported."""
    connections: list[int] = []
    dropped = pytest.raises(ConnectionDropped, match="REFERRAL_KAFKA_SECURITY")
    with listening(lambda connection: connections.append(connection.fileno())) as server, dropped:
        create_consumer(settings(server), connect_timeout_ms=300)
    assert len(connections) > 1
