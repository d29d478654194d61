"""The broker's classes as the JVM wants them, archived once (AppCDS): it halves the time and the work of a start."""

import fcntl
from pathlib import Path
from tempfile import TemporaryDirectory

from referral_tools.stack.kafka import KafkaBroker
from referral_tools.stack.ports import BrokerPorts, free_ports
from referral_tools.stack.process import ProcessUnhealthy

_START_TIMEOUT_S = 60
_DUMP_GRACE_S = 60


def archive_options(libs: Path) -> tuple[str, ...]:
    """The options with which a JVM uses the archive; none if there is none."""
    archive = class_archive(libs)
    use = (f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-Xlog:cds=off")
    return use if archive.stat().st_size else ()


def class_archive(libs: Path) -> Path:
    """The archive beside the jars; the first call makes it, by one run of a broker (about 10 s).

    Safe from several processes at once. An empty file records that this JVM creates none; an archive of another version is ignored.
    """
    archive = libs.parent / "classes-serial.jsa"  # an archive belongs to one garbage collector
    with (libs.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            _make(libs, archive)
    return archive


def _make(libs: Path, archive: Path) -> None:
    """Starts a broker that writes what it loaded as it ends, and moves that in place when it is whole."""
    with TemporaryDirectory(dir=libs.parent) as scratch:
        home = Path(scratch)
        made = home / "classes.jsa"
        quorum = [BrokerPorts(*free_ports(2))]
        try:
            KafkaBroker(libs, home, quorum).format()
            _run_once(KafkaBroker(libs, home, quorum, (f"-XX:ArchiveClassesAtExit={made}",)))
        except ProcessUnhealthy:
            made.unlink(missing_ok=True)
        if not made.exists():
            made.touch()
        made.rename(archive)


def _run_once(broker: KafkaBroker) -> None:
    process = broker.process().start()
    try:
        process.wait_healthy(broker.answers, _START_TIMEOUT_S)
    finally:
        process.terminate(_DUMP_GRACE_S)
