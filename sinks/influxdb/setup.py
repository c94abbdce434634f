"""Makes an InfluxDB 2 server ready: first user, bucket with retention, and two tokens with the least rights.

Everything may be done again: what is there stays. A mapping from database to bucket (DBRP) is not needed for InfluxQL,
as 2.x takes the bucket's name for the database's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from sinks.errors import Refused
from sinks.influxdb.connection import Connection, call
from sinks.influxdb.read import InfluxReader
from sinks.influxdb.write import InfluxStore

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Tokens:
    """The right to write to the bucket and the right to read from it, each its own."""

    write: str = field(repr=False)
    read: str = field(repr=False)


def onboard(admin: Connection, user: str, password: str) -> bool:
    """Give an empty server its first user, organisation and bucket; the connection's token becomes the operator's.

    False when the server has been set up before; it is then left as it is.
    """
    first = {"username": user, "password": password, "org": admin.org, "bucket": admin.bucket, "token": admin.token}
    with admin.errors(), admin.open() as client:
        if not call(client, "GET", "/api/v2/setup")["allowed"]:
            return False
        call(client, "POST", "/api/v2/setup", body=first | {"retentionPeriodSeconds": 0})
    return True


def prepare(admin: Connection, retention_days: int = 0, held: Tokens | None = None) -> Tokens:
    """See to the connection's bucket and to both tokens; `retention_days` 0 keeps for ever.

    `held`: tokens given before. They are given back while they work; else old ones are revoked and new ones made,
    because the server shows a token only once.
    """
    with admin.errors(), admin.open() as client:
        org = _org_id(client, admin)
        bucket = _bucket_id(client, admin, org, retention_days)
        if held is not None and _work(admin, held):
            return held
        _revoke(client, admin, org)
        return Tokens(*(_token(client, admin, (org, bucket), action) for action in ("write", "read")))


def _org_id(client: InfluxDBClient, admin: Connection) -> str:
    found = call(client, "GET", "/api/v2/orgs", [("org", admin.org)])["orgs"]
    if not found:
        raise Refused(f"InfluxDB at {admin.url} has no organisation {admin.org!r} that this token may see")
    return str(found[0]["id"])


def _bucket_id(client: InfluxDBClient, admin: Connection, org: str, retention_days: int) -> str:
    rules = [{"type": "expire", "everySeconds": retention_days * DAY_S}] if retention_days else []
    found = _find_bucket(client, admin.bucket, org)
    if found is None:
        wanted = {"orgID": org, "name": admin.bucket, "retentionRules": rules}
        return str(call(client, "POST", "/api/v2/buckets", body=wanted)["id"])
    if sum(rule["everySeconds"] for rule in found["retentionRules"]) != retention_days * DAY_S:
        wanted_rules = rules or [{"type": "expire", "everySeconds": 0}]
        call(client, "PATCH", f"/api/v2/buckets/{found['id']}", body={"retentionRules": wanted_rules})
    return str(found["id"])


def _find_bucket(client: InfluxDBClient, name: str, org: str) -> Any:
    try:
        found = call(client, "GET", "/api/v2/buckets", [("name", name), ("orgID", org)])["buckets"]
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return found[0] if found else None


def _work(admin: Connection, held: Tokens) -> bool:
    store = InfluxStore(replace(admin, token=held.write))
    reader = InfluxReader(replace(admin, token=held.read))
    try:
        return not store.check() and not reader.check()
    finally:
        store.close()
        reader.close()


def _description(admin: Connection, action: str) -> str:
    return f"smartcity: {action} {admin.bucket}"


def _revoke(client: InfluxDBClient, admin: Connection, org: str) -> None:
    ours = {_description(admin, action) for action in ("write", "read")}
    for given in call(client, "GET", "/api/v2/authorizations", [("orgID", org)])["authorizations"]:
        if given.get("description") in ours:
            call(client, "DELETE", f"/api/v2/authorizations/{given['id']}")


def _token(client: InfluxDBClient, admin: Connection, ids: tuple[str, str], action: str) -> str:
    org, bucket = ids
    right = {"action": action, "resource": {"type": "buckets", "id": bucket, "orgID": org}}
    wanted = {"orgID": org, "description": _description(admin, action), "permissions": [right]}
    return str(call(client, "POST", "/api/v2/authorizations", body=wanted)["token"])
