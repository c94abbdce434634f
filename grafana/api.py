"""The way to a running Grafana: the few routes this room asks, and the only file that knows their paths.

Built on the raw verbs of the package grafana-api (extra `grafana`). Its ready-made calls go by numeric ids, whose
routes are leaving Grafana, and take every answer for JSON; so none of them is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

Json = dict[str, Any]

CONNECT_S: Final = 3.05
OK: Final = 200
REDIRECT: Final = 300
UNKNOWN: Final = 401
FORBIDDEN: Final = 403
MISSING: Final = 404
BUSY: Final = 429
BROKEN: Final = 500
MOST_BOARDS: Final = 5000
PAGE: Final = 1000
"""Annotations in one answer."""
_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}


class GrafanaError(Exception):
    """Anything Grafana reports. The text is one sentence for an operator and never holds a secret."""


class Unavailable(GrafanaError):
    """Grafana cannot answer now; wait, then try again."""


class Refused(GrafanaError):
    """Grafana will never take this as it is. `status`: of HTTP, 0 without one; `body`: what it said, if JSON."""

    def __init__(self, message: str, status: int = 0, body: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class Verbs(Protocol):
    """What is used of grafana-api, `GrafanaFace(...).api`: a path below `/api` and a JSON body, the parsed answer."""

    def GET(self, path: str) -> Any:  # noqa: N802 the package's name
        """Read."""

    def POST(self, path: str, json: object = None) -> Any:  # noqa: N802 the package's name
        """Write or ask."""

    def PUT(self, path: str, json: object = None) -> Any:  # noqa: N802 the package's name
        """Change."""

    def DELETE(self, path: str) -> Any:  # noqa: N802 the package's name
        """Remove."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where Grafana is and who asks: a service account's token, or user and password. `ca_file`: of its certificate."""

    url: str
    auth: str | tuple[str, str]
    timeout_s: float = 10.0
    ca_file: str | None = None


class Grafana:
    """A running Grafana, 9.4 or later. Every call raises `Unavailable` or `Refused`."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def health(self) -> Json:
        """`version` and the state of its own `database`; needs no rights."""
        return _object(self._get("/health"))

    def plugins(self) -> set[str]:
        """Identifiers of the plug-ins it has, core ones included."""
        return {plugin["id"] for plugin in self._get("/plugins?embedded=0") or []}

    def boards(self, tag: str) -> list[str]:
        """Uids of the dashboards with this tag."""
        asked = urlencode({"type": "dash-db", "tag": tag, "limit": MOST_BOARDS})
        return [found["uid"] for found in self._get(f"/search?{asked}") or []]

    def board(self, uid: str) -> Json:
        """The dashboard's own JSON."""
        return _object(_object(self._get(f"/dashboards/uid/{quote(uid, safe='')}")).get("dashboard"))

    def alert_rules(self) -> list[Json]:
        """Rules as they are provisioned; needs the right to read alerting's provisioning."""
        return list(self._get("/v1/provisioning/alert-rules") or [])

    def datasource_health(self, uid: str) -> Json:
        """`status` and `message` of the datasource's own check; a failed check is an answer, not an error."""
        try:
            return _object(self._get(f"/datasources/uid/{quote(uid, safe='')}/health"))
        except Refused as error:
            if isinstance(error.body, dict) and "status" in error.body:
                return error.body
            raise

    def ds_query(self, queries: Sequence[Mapping[str, Any]], from_ms: int, to_ms: int) -> dict[str, Json]:
        """Result by refId, with `frames` or `error`. Grafana answers 400 when one failed; that is a result too."""
        asked = {"queries": list(queries), "from": str(from_ms), "to": str(to_ms)}
        try:
            answer = self._verbs.POST("/ds/query", json=asked)
        except Refused as error:
            if not (isinstance(error.body, dict) and "results" in error.body):
                raise
            answer = error.body
        return dict(_object(answer).get("results") or {})

    def stored_board(self, uid: str) -> Json | None:
        """The `dashboard` and its `meta`, of which `folderUid`; None when there is none."""
        return self._found(f"/dashboards/uid/{quote(uid, safe='')}")

    def save_board(self, board: Mapping[str, Any], folder_uid: str, message: str) -> None:
        """Put it into the folder; what is there under its uid becomes an older version."""
        body = {"dashboard": dict(board), "folderUid": folder_uid, "message": message, "overwrite": True}
        self._verbs.POST("/dashboards/db", json=body)

    def folder(self, uid: str) -> Json | None:
        """Its `uid` and `title`; None when there is none."""
        return self._found(f"/folders/{quote(uid, safe='')}")

    def add_folder(self, uid: str, title: str) -> None:
        """A folder at the top. Grafana opens it to every viewer and editor."""
        self._verbs.POST("/folders", json={"uid": uid, "title": title})

    def rename_folder(self, uid: str, title: str) -> None:
        """Another title, whatever its version."""
        self._verbs.PUT(f"/folders/{quote(uid, safe='')}", json={"title": title, "overwrite": True})

    def permissions(self, folder_uid: str) -> list[Json]:
        """Who may do what in it: `userId`, `teamId` or `role`, and `permission` (1 view, 2 edit, 4 administer)."""
        return list(self._get(f"/folders/{quote(folder_uid, safe='')}/permissions") or [])

    def set_permissions(self, folder_uid: str, items: Sequence[Mapping[str, Any]]) -> None:
        """These and no others; administrators may always."""
        self._verbs.POST(f"/folders/{quote(folder_uid, safe='')}/permissions", json={"items": list(items)})

    def team(self, name: str) -> int | None:
        """The number of the team with exactly this name; None when there is none."""
        found = self._found(f"/teams/search?{urlencode({'name': name})}") or {}  # 9.4 says none, others 404
        return next((int(team["id"]) for team in found.get("teams") or [] if team["name"] == name), None)

    def add_team(self, name: str) -> None:
        """A team without members."""
        self._verbs.POST("/teams", json={"name": name})

    def annotations(self, tags: Sequence[str], from_ms: int, to_ms: int) -> list[Json]:
        """All with all these tags and from_ms <= time <= to_ms: `id`, `time`, `text`, `tags`, perhaps `dashboardUID`.

        Grafana has no pages: a full answer is asked for again in two halves.
        """
        span = [("from", str(from_ms)), ("to", str(to_ms)), ("type", "annotation"), ("limit", str(PAGE))]
        asked = urlencode([*(("tags", tag) for tag in tags), *span])
        found = list(self._get(f"/annotations?{asked}") or [])
        if len(found) < PAGE or from_ms >= to_ms:
            return found
        middle = (from_ms + to_ms) // 2
        return [*self.annotations(tags, from_ms, middle), *self.annotations(tags, middle + 1, to_ms)]

    def add_annotation(self, time_ms: int, text: str, tags: Sequence[str]) -> None:
        """A mark of the organisation, on no board: boards show it by its tags."""
        self._verbs.POST("/annotations", json={"time": time_ms, "text": text, "tags": list(tags)})

    def remove_annotation(self, number: int) -> None:
        """Take it away for good."""
        self._verbs.DELETE(f"/annotations/{number}")

    def _found(self, path: str) -> Json | None:
        try:
            return _object(self._get(path))
        except Refused as error:
            if error.status == MISSING:
                return None
            raise

    def _get(self, path: str) -> Any:
        return self._verbs.GET(path)


def _object(answer: object) -> Json:
    if not isinstance(answer, dict):
        raise Refused("the answer is not what Grafana says there; does grafana.url lead to Grafana?")
    return answer


def connect(access: Access) -> Grafana:
    """The way to it; nothing is asked yet. Raises `Refused` for an address or an installation that cannot work."""
    try:
        from grafana_api.grafana_face import GrafanaFace  # noqa: PLC0415 an extra that only this command needs
    except ImportError:
        raise Refused("the extra `grafana` is missing: pip install 'open-smartcity-sensors[grafana]'") from None
    protocol, host, port, prefix = _address(access.url)
    face = GrafanaFace(
        access.auth,
        host=host,
        port=port,
        url_path_prefix=prefix,
        protocol=protocol,
        verify=access.ca_file or True,
        timeout=(CONNECT_S, access.timeout_s),
    )
    face.api.s.trust_env = False  # settings alone say where the token goes, and whose certificate counts
    face.api.s.hooks["response"].append(_judge)
    return Grafana(_Told(face.api))


def _address(url: str) -> tuple[str, str, int | None, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("grafana.url is no address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Refused("grafana.url must be http(s)://host[:port][/path], without a user in it")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise Refused("grafana.url must be https://…: the token goes over this connection")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.strip("/")
    return parts.scheme, host, port, f"{path}/" if path else ""


def _judge(response: Any, **_: object) -> None:
    """Before grafana-api looks at it: what is no answer becomes our error; read to its end, which frees the socket."""
    status, said = response.status_code, response.content
    if status >= BROKEN or status == BUSY:
        raise Unavailable(f"Grafana answers {status}; look into its log")
    if status == UNKNOWN:
        raise Refused(f"Grafana answers {status}: token or user is wrong", status)
    if status == FORBIDDEN:
        raise Refused(f"Grafana answers {status}: token or user may not do this", status)
    if OK <= status < REDIRECT and not said:
        return
    body = _parsed(response)
    if status >= REDIRECT:
        why = body.get("message", "") if isinstance(body, dict) else ""
        raise Refused(f"Grafana answers {status} {why}".strip()[:300], status, body)
    if body is None:
        raise Refused("the answer is not JSON; does grafana.url lead to Grafana, or to a login in front of it?", status)


def _parsed(response: Any) -> object:
    try:
        return response.json()
    except ValueError:
        return None


class _Told:
    """The package's verbs, with failures of the network as our errors and an empty answer as None."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def GET(self, path: str) -> Any:  # noqa: N802 the package's name
        return self._told(self._raw.GET, path)

    def POST(self, path: str, json: object = None) -> Any:  # noqa: N802 the package's name
        return self._told(self._raw.POST, path, json)

    def PUT(self, path: str, json: object = None) -> Any:  # noqa: N802 the package's name
        return self._told(self._raw.PUT, path, json)

    def DELETE(self, path: str) -> Any:  # noqa: N802 the package's name
        return self._told(self._raw.DELETE, path)

    def _told(self, verb: Callable[..., Any], path: str, json: object = None) -> Any:
        from requests.exceptions import JSONDecodeError, RequestException  # noqa: PLC0415 comes with the extra

        try:
            return verb(path, json=json)
        except JSONDecodeError:
            return None  # `_judge` lets only an empty body pass
        except RequestException as error:
            raise Unavailable(f"Grafana cannot be reached: {type(error).__name__}; check grafana.url") from error
