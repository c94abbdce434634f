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
NOT_ALLOWED: Final = (401, 403)
BUSY: Final = 429
BROKEN: Final = 500
MOST_BOARDS: Final = 5000


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

    def find_annotations(self, tags: Sequence[str]) -> list[Json]:
        """Annotations that have all these tags."""
        asked = urlencode([*(("tags", tag) for tag in tags), ("type", "annotation"), ("limit", "100")])
        return list(self._get(f"/annotations?{asked}") or [])

    def add_annotation(self, board: str, time_ms: int, text: str, tags: Sequence[str]) -> None:
        """A mark on the dashboard with this uid."""
        body = {"dashboardUID": board, "time": time_ms, "text": text, "tags": list(tags)}
        self._verbs.POST("/annotations", json=body)

    def reload_provisioning(self, kind: str) -> None:
        """Read `dashboards`, `datasources` or `alerting` anew from its files; needs a server administrator."""
        self._verbs.POST(f"/admin/provisioning/{quote(kind, safe='')}/reload")

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
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.strip("/")
    return parts.scheme, host, port, f"{path}/" if path else ""


def _judge(response: Any, **_: object) -> None:
    """Before grafana-api looks at it: what is no answer becomes our error; read to its end, which frees the socket."""
    status, said = response.status_code, response.content
    if status >= BROKEN or status == BUSY:
        raise Unavailable(f"Grafana answers {status}; look into its log")
    if status in NOT_ALLOWED:
        raise Refused(f"Grafana answers {status}: token or user is wrong, or may not do this", status)
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

    def _told(self, verb: Callable[..., Any], path: str, json: object = None) -> Any:
        from requests.exceptions import JSONDecodeError, RequestException  # noqa: PLC0415 comes with the extra

        try:
            return verb(path, json=json)
        except JSONDecodeError:
            return None  # `_judge` lets only an empty body pass
        except RequestException as error:
            raise Unavailable(f"Grafana cannot be reached: {type(error).__name__}; check grafana.url") from error
