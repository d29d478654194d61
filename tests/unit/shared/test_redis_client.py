"""Redis clients: TLS by the settings, and reasons that name the setting to correct."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import HiredisRespSerializer, SSLConnection
from redis.exceptions import (
    AuthenticationError,
    DataError,
    InvalidResponse,
    NoPermissionError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from referral.config import Settings
from referral.redis_client import connect_for_folds, connect_for_http, unavailable_reason
from referral.redis_cluster.replies import SlotUnavailable
from referral.redis_packing import CommandPacker


def tls_error() -> RedisConnectionError:
    """As redis-py raises it: the TLS error is the context."""
    try:
        try:
            raise ssl.SSLCertVerificationError("unable to get local issuer certificate")
        except ssl.SSLError as error:
            raise RedisConnectionError(str(error)) from error
    except RedisConnectionError as error:
        return error


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (AuthenticationError("invalid username-password pair"), "the user or the password of REFERRAL_REDIS"),
        (NoPermissionError("this user has no permissions"), "`referral redis acl`"),
        (tls_error(), "REFERRAL_REDIS_CA"),
        (RedisTimeoutError("Timeout reading from socket"), "Redis does not respond: TimeoutError"),
        (SlotUnavailable("some slots have no master"), "does not serve all slots"),
        (ResponseError("This instance has cluster support disabled"), "write redis://"),
    ],
)
def test_the_reason_names_what_to_correct(error: RedisError, named: str) -> None:
    """For readiness."""
    assert named in unavailable_reason(error)


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("invalid username-password pair"),
        NoPermissionError("this user has no permissions"),
        tls_error(),
        RedisConnectionError("refused"),
        InvalidResponse("Protocol Error"),
    ],
)
def test_the_reason_names_the_node_of_a_cluster(error: RedisError) -> None:
    """One of several, and the cluster announces its address: clients may not reach it, or reach something else there."""
    assert "10.0.0.7:6379" in unavailable_reason(error, "10.0.0.7:6379")


@pytest.mark.parametrize("connect", [connect_for_folds, connect_for_http])
def test_every_client_verifies_certificate_and_host_name(connect: object) -> None:
    """With the authority of the settings; without one, that of the system."""
    settings = Settings(signing_key="k" * 32, redis="rediss://fold:secret@cache:6380/1", redis_ca="/etc/ca.pem")
    pool = connect(settings).connection_pool  # type: ignore[operator]
    assert pool.connection_class.__name__ == SSLConnection.__name__
    assert pool.connection_kwargs["ssl_ca_certs"] == "/etc/ca.pem"
    assert (pool.connection_kwargs["username"], pool.connection_kwargs["password"]) == ("fold", "secret")
    connection = SSLConnection(ssl_ca_certs="/etc/ca.pem")
    assert (connection.cert_reqs, connection.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert not {"ssl_cert_reqs", "ssl_check_hostname"} & pool.connection_kwargs.keys()


@given(
    st.sampled_from(["GET", b"GET", "SCRIPT LOAD", b"CONFIG GET"]),
    st.lists(st.binary() | st.text(st.characters(codec="utf-8")) | st.integers() | st.floats(), max_size=5),
)
def test_commands_are_packed_as_redis_py_packs_them(name: str | bytes, arguments: list[bytes | str | float]) -> None:
    """Names of two words, too."""
    assert CommandPacker().pack(name, *arguments) == HiredisRespSerializer().pack(name, *arguments)


def test_an_argument_that_redis_cannot_receive_is_an_error_of_the_data() -> None:
    """As redis-py reports it."""
    with pytest.raises(DataError, match="must be str, int, float or bytes"):
        CommandPacker().pack("SET", "key", None)  # type: ignore[arg-type]
