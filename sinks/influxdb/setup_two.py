"""An InfluxDB 2 made ready: first user, bucket with retention, and two tokens with the least rights.

A mapping from database to bucket (DBRP) is not needed for InfluxQL, as 2.x takes the bucket's name for the database's.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from sinks.errors import Refused
from sinks.influxdb.connection import DAY_S, Connection, Tokens, call


def onboard(admin: Connection, user: str, password: str) -> bool:
    """As `setup.onboard`: the first user, with organisation and bucket; the token becomes the operator's."""
    first = {"username": user, "password": password, "org": admin.org, "bucket": admin.bucket, "token": admin.token}
    with admin.errors(), admin.open() as client:
        if not call(client, "GET", "/api/v2/setup")["allowed"]:
            return False
        call(client, "POST", "/api/v2/setup", body=first | {"retentionPeriodSeconds": 0})
    return True


def keep(admin: Connection, retention_days: int) -> None:
    """See to the bucket; 0 keeps its rows for ever."""
    with admin.errors(), admin.open() as client:
        _see_to_bucket(client, admin, _org_id(client, admin), retention_days)


def give(admin: Connection) -> Tokens:
    """New tokens for the bucket; the ones that were given before end."""
    with admin.errors(), admin.open() as client:
        org = _org_id(client, admin)
        bucket = str(_find_bucket(client, admin.bucket, org)["id"])
        _revoke(client, admin, org)
        return Tokens(*(_token(client, admin, (org, bucket), action) for action in ("write", "read")))


def _org_id(client: InfluxDBClient, admin: Connection) -> str:
    found = call(client, "GET", "/api/v2/orgs", [("org", admin.org)])["orgs"]
    if not found:
        raise Refused(f"InfluxDB at {admin.url} has no organisation {admin.org!r} that this token may see")
    return str(found[0]["id"])


def _see_to_bucket(client: InfluxDBClient, admin: Connection, org: str, retention_days: int) -> None:
    rules = [{"type": "expire", "everySeconds": retention_days * DAY_S}] if retention_days else []
    found = _find_bucket(client, admin.bucket, org)
    if found is None:
        wanted = {"orgID": org, "name": admin.bucket, "retentionRules": rules}
        call(client, "POST", "/api/v2/buckets", body=wanted)
    elif sum(rule["everySeconds"] for rule in found["retentionRules"]) != retention_days * DAY_S:
        wanted_rules = rules or [{"type": "expire", "everySeconds": 0}]
        call(client, "PATCH", f"/api/v2/buckets/{found['id']}", body={"retentionRules": wanted_rules})


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
