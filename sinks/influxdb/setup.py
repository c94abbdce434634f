"""Makes a server ready: first user, bucket with retention and mapping, and two tokens with the least rights.

Everything may be done again: what is there stays.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Final

from sinks.influxdb import setup_one, setup_three, setup_two
from sinks.influxdb.connection import Connection, Tokens
from sinks.influxdb.read import InfluxReader
from sinks.influxdb.session import generation
from sinks.influxdb.write import InfluxStore

_WAYS: Final = {
    1: (setup_one.keep, setup_one.give),
    2: (setup_two.keep, setup_two.give),
    3: (setup_three.keep, setup_three.give),
}
"""By generation: how a bucket is seen to, and how its tokens are given."""


def onboard(admin: Connection, user: str, password: str | None) -> bool:
    """Give an empty server its operator: on 2.x this user, whose token is the connection's; on 1.x the connection's.

    False when the server has been set up before, or when a 2.x gets no password; it is then left as it is. A 3.x gives
    its operator a token by its own command.
    """
    match generation(admin):
        case 1:
            return setup_one.onboard(admin)
        case 2:
            return password is not None and setup_two.onboard(admin, user, password)
    return False


def prepare(admin: Connection, retention_days: int = 0, held: Tokens | None = None) -> Tokens:
    """See to the connection's bucket and to both tokens; `retention_days` 0 keeps for ever.

    `held`: tokens given before. They are given back while they work; else old ones are revoked and new ones made,
    because the server shows a token only once.
    """
    keep, give = _WAYS[generation(admin)]
    keep(admin, retention_days)
    if held is not None and _work(admin, held):
        return held
    return give(admin)


def _work(admin: Connection, held: Tokens) -> bool:
    with (
        closing(InfluxStore(replace(admin, token=held.write))) as store,
        closing(InfluxReader(replace(admin, token=held.read))) as reader,
    ):
        return not store.check() and not reader.check()
