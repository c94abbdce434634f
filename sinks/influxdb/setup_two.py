"""An InfluxDB 2 made ready: first user, bucket with retention and mapping, and two tokens with the least rights.

The mapping (DBRP) says which bucket InfluxQL means by a database. Without one it is the bucket of that name; ours is
written down to be seen, and to find out when somebody has given the name to another bucket.
Source: InfluxDB 2 documentation, "API reference", and a server 2.9.1 as it answers.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from sinks.errors import Refused
from sinks.influxdb.connection import DAY_S, Connection, Tokens, call

_POLICY: Final = "autogen"
"""What a 1 calls the policy that is there from the beginning, and a 2 the one that it implies."""


def onboard(admin: Connection, user: str, password: str) -> bool:
    """As `setup.onboard`: the first user, with organisation and bucket; the token becomes the operator's."""
    first = {"username": user, "password": password, "org": admin.org, "bucket": admin.bucket, "token": admin.token}
    with admin.errors(), admin.open() as client:
        if not call(client, "GET", "/api/v2/setup")["allowed"]:
            return False
        call(client, "POST", "/api/v2/setup", body=first | {"retentionPeriodSeconds": 0})
    return True


def keep(admin: Connection, retention_days: int) -> None:
    """See to the bucket and its mapping; 0 keeps its rows for ever."""
    with admin.errors(), admin.open() as client:
        org = _org_id(client, admin)
        bucket = _see_to_bucket(client, admin, org, retention_days)
        _see_to_mapping(client, admin, org, bucket)


def give(admin: Connection) -> Tokens:
    """New tokens for the bucket; the ones that were given before end."""
    with admin.errors(), admin.open() as client:
        org = _org_id(client, admin)
        bucket = str(_find_bucket(client, admin.bucket, org)["id"])
        _revoke(client, admin, org)
        return Tokens(*(_token(client, admin, (org, bucket), action) for action in ("write", "read")))


def kept_s(connection: Connection) -> int:
    """Seconds that the bucket keeps its rows, 0 for ever; a token that reads may ask."""
    with connection.errors(), connection.open() as client:
        return sum(rule["everySeconds"] for bucket in _seen(client, connection) for rule in bucket["retentionRules"])


def mapping_faults(connection: Connection) -> list[str]:
    """What keeps InfluxQL from finding the bucket under its own name, as a token sees that may read from it."""
    with connection.errors(), connection.open() as client:
        asked = [("org", connection.org), ("db", connection.bucket)]
        mapped = any(one["default"] for one in call(client, "GET", "/api/v2/dbrps", asked)["content"])
        if mapped or not _seen(client, connection):
            return []
    return [f"database {connection.bucket} does not stand for the bucket of that name: smartcity influx setup maps it"]


def _seen(client: InfluxDBClient, connection: Connection) -> Any:
    asked = [("name", connection.bucket), ("org", connection.org)]
    return call(client, "GET", "/api/v2/buckets", asked)["buckets"]


def _org_id(client: InfluxDBClient, admin: Connection) -> str:
    found = call(client, "GET", "/api/v2/orgs", [("org", admin.org)])["orgs"]
    if not found:
        raise Refused(f"InfluxDB at {admin.url} has no organisation {admin.org!r} that this token may see")
    return str(found[0]["id"])


def _see_to_bucket(client: InfluxDBClient, admin: Connection, org: str, retention_days: int) -> str:
    rules = [{"type": "expire", "everySeconds": retention_days * DAY_S}] if retention_days else []
    found = _find_bucket(client, admin.bucket, org)
    if found is None:
        wanted = {"orgID": org, "name": admin.bucket, "retentionRules": rules}
        return str(call(client, "POST", "/api/v2/buckets", body=wanted)["id"])
    if sum(rule["everySeconds"] for rule in found["retentionRules"]) != retention_days * DAY_S:
        wanted_rules = rules or [{"type": "expire", "everySeconds": 0}]
        call(client, "PATCH", f"/api/v2/buckets/{found['id']}", body={"retentionRules": wanted_rules})
    return str(found["id"])


def _see_to_mapping(client: InfluxDBClient, admin: Connection, org: str, bucket: str) -> None:
    wanted = {"orgID": org, "bucketID": bucket, "database": admin.bucket, "retention_policy": _POLICY, "default": True}
    asked = [("orgID", org), ("db", admin.bucket)]
    there = {one["retention_policy"]: one for one in call(client, "GET", "/api/v2/dbrps", asked)["content"]}
    match there.get(_POLICY):
        case {"virtual": False, "bucketID": other, "id": mapping} if other != bucket:
            raise Refused(
                f"database {admin.bucket} stands for another bucket ({other}) at {admin.url}: "
                f"influx v1 dbrp delete --id {mapping} ends that, or choose another bucket"
            )
        case {"virtual": False, "default": False, "id": mapping}:
            call(client, "PATCH", f"/api/v2/dbrps/{mapping}", [("orgID", org)], {"default": True})
        case {"virtual": False}:
            pass
        case _:
            call(client, "POST", "/api/v2/dbrps", body=wanted)


def _find_bucket(client: InfluxDBClient, name: str, org: str) -> Any:
    try:
        found = call(client, "GET", "/api/v2/buckets", [("name", name), ("orgID", org)])["buckets"]
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return found[0] if found else None


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
