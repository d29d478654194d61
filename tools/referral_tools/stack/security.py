"""Encryption and authentication of a local stack: a certificate authority of its own, Kafka users and Redis users."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from referral.log.acls import SERVICES
from referral.redis_acls import OPERATOR, USERS
from referral_tools.private_files import write_private

KAFKA_ADMIN = "admin"
_VALIDITY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class StackSecurity:
    """What a stack with TLS and passwords runs with: PEM files, and the passwords of the users of Kafka and Redis.

    Kafka's users are the services and `admin`, who may do everything; Redis' users are the processes and `operator`.
    """

    ca: Path
    certificate: Path
    key: Path
    keystore: Path
    kafka_users: Mapping[str, str]
    redis_users: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def create_security(folder: Path) -> StackSecurity:
    """Creates passwords, a certificate authority, and a certificate for 127.0.0.1 and localhost, in files of a folder."""
    authority = _create_authority("Referral test authority")
    key = ec.generate_private_key(ec.SECP256R1())
    pem_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    pem_certificate = _pem(_server_certificate(authority, key))
    paths = {name: folder.resolve() / f"{name}.pem" for name in ("ca", "certificate", "key", "keystore")}
    write_private(paths["ca"], _pem(authority.certificate))
    write_private(paths["certificate"], pem_certificate)
    write_private(paths["key"], pem_key)
    write_private(paths["keystore"], pem_key + pem_certificate)
    redis_users = (*(user.process for user in USERS), OPERATOR)
    return StackSecurity(**paths, kafka_users=_passwords((*SERVICES, KAFKA_ADMIN)), redis_users=_passwords(redis_users))


def _passwords(names: Iterable[str]) -> dict[str, str]:
    return {name: secrets.token_hex(16) for name in names}


def create_authority(path: Path) -> None:
    """Writes the certificate of another authority, which has signed nothing."""
    write_private(path, _pem(_create_authority("Unrelated authority").certificate))


def _create_authority(name: str) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(subject, subject, key.public_key(), [(x509.BasicConstraints(ca=True, path_length=0), True)])
    return _Authority(builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()), key)


def _server_certificate(authority: _Authority, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    issuer = authority.certificate.subject
    extensions = [(x509.BasicConstraints(ca=False, path_length=None), True), (names, False)]
    return _builder(_name("localhost"), issuer, key.public_key(), extensions).sign(authority.key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    extensions: Iterable[tuple[x509.ExtensionType, bool]],
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALIDITY)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
