"""Apache Kafka from its Maven jars: one broker that is its own controller (KRaft)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.servers.process import HOST, SERVERS, Process, accepts, free_port

VERSION = "4.1.2"
JARS = SERVERS / f"kafka-{VERSION}"

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=4194304
"""

_LOGGING = """\
status=error
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=OUT
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=INFO
"""


@dataclass(frozen=True, slots=True)
class Kafka:
    """A running broker."""

    host: str
    port: int
    process: Process

    @property
    def bootstrap(self) -> str:
        return f"{self.host}:{self.port}"


@cache
def version() -> str | None:
    """Of the jars; None also without a Java to run them."""
    here = any(JARS.glob("kafka_2.13-*.jar"))
    return VERSION if here and shutil.which("java") else None


@contextmanager
def running() -> Iterator[Kafka]:
    """Run one broker with empty data."""
    if version() is None:
        raise FileNotFoundError("Kafka is missing; `make servers` gets it")
    with tempfile.TemporaryDirectory(prefix="kafka-") as name:
        folder, port = Path(name), free_port()
        properties = folder / "server.properties"
        properties.write_text(_PROPERTIES.format(port=port, controller=free_port(), folder=folder))
        (folder / "log4j2.properties").write_text(_LOGGING)
        _format(folder, properties)
        process = Process([*_java(folder), "kafka.Kafka", str(properties)], folder, lambda: accepts(port), seconds=60)
        process.start()
        try:
            yield Kafka(HOST, port, process)
        finally:
            process.stop()


def _java(folder: Path) -> list[str]:
    return [
        *("java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        f"-Dlog4j2.configurationFile={folder}/log4j2.properties",
        *("-cp", f"{JARS}/*"),  # java, not a shell, expands the star
    ]


def _format(folder: Path, properties: Path) -> None:
    tool = [*_java(folder), "kafka.tools.StorageTool", "format", "-t", "smartcity-tests-000001", "-c", str(properties)]
    subprocess.run(tool, check=True, capture_output=True, timeout=60)
