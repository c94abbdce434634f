"""Who is told of an alarm, when, and in which words.

Addresses come from the environment. Grafana does not start when one is empty, so each has a last character that means
nothing: `;` after a list of addresses and `#` after a URL. Without a setting nobody is written to: the alarm stands in
Grafana, whose log says that it could not be sent. No made-up receiver is needed.
"""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

CITIES: Final = ("offenbach", "marburg", "giessen", "limburg", "fulda", "wetzlar")
"""Tenants with people of their own. Alarms of others go to the operator."""
EVERYBODY: Final = "smartcity-operations"
QUIET: Final = "smartcity-quiet"
_HOME: Final = "Europe/Berlin"
_NOT_URGENT: Final = ["severity", "!=", "critical"]
_URGENT: Final = ["severity", "=", "critical"]
_GROUPED: Final = ["grafana_folder", "alertname", "tenant"]

_TEMPLATE: Final = """\
{{ define "smartcity.subject" }}{{ if eq .Status "firing" }}ALARM{{ else }}ENDE / RESOLVED{{ end }}
{{- with .CommonLabels.alertname }} {{ . }}{{ end }}{{ with .CommonLabels.tenant }} ({{ . }}){{ end }}{{ end }}
{{ define "smartcity.one" }}{{ .Annotations.summary }}
{{ .Annotations.description }}

{{ .Annotations.summary_en }}
{{ .Annotations.description_en }}
{{ with .PanelURL }}{{ . }}{{ end }}
{{ end }}
{{ define "smartcity.message" }}{{ range .Alerts.Firing }}{{ template "smartcity.one" . }}
{{ end }}{{ range .Alerts.Resolved }}Ende / Resolved: {{ .Annotations.summary }}
{{ end }}{{ end }}
"""


def receiver(city: str) -> str:
    """Name of a city's contact point."""
    return f"smartcity-{city}"


def contact_points() -> Json:
    """The operator's, and one for each city. The webhook gets the alarms of all: it can tell them by their labels."""
    points = [_contact(EVERYBODY, "SMARTCITY_ALERT_EMAIL")]
    points += [_contact(receiver(city), f"SMARTCITY_ALERT_EMAIL_{city.upper()}") for city in CITIES]
    return {"apiVersion": 1, "contactPoints": points}


def _contact(name: str, variable: str) -> Json:
    email = {
        "addresses": f"${{{variable}}};",
        "singleEmail": True,
        "subject": '{{ template "smartcity.subject" . }}',
        "message": '{{ template "smartcity.message" . }}',
    }
    hook = {
        "url": "${SMARTCITY_ALERT_WEBHOOK}#",
        "title": '{{ template "smartcity.subject" . }}',
        "message": '{{ template "smartcity.message" . }}',
    }
    receivers = [
        {"uid": f"{name}-email", "type": "email", "settings": email},
        {"uid": f"{name}-webhook", "type": "webhook", "settings": hook},
    ]
    return {"orgId": 1, "name": name, "receivers": receivers}


def policies() -> Json:
    """The whole tree: it takes the place of any that there is.

    What is critical goes to the operator as well as to the city, at any hour. The operator's own and a city's other
    alarms wait for the morning. Every route names its receiver: Grafana 9.4 knows no inheritance in these files.
    """
    tree = {
        "orgId": 1,
        "receiver": EVERYBODY,
        "group_by": _GROUPED,
        **_pace("30s", "5m", "12h"),
        "routes": [
            _unable(),
            _route(
                EVERYBODY, [["team", "=", "operations"], _URGENT], "3m", "5m", "4h"
            ),  # a first row comes within two minutes of a start
            _quiet(EVERYBODY, [["team", "=", "operations"]]),
            _route(EVERYBODY, [_URGENT], "10s", "1m", "1h") | {"continue": True},
            *map(_city, CITIES),
            _quiet(EVERYBODY, [_NOT_URGENT]),
        ],
    }
    return {"apiVersion": 1, "policies": [tree]}


def _unable() -> Json:
    """An evaluation failed: one message for all rules, and none when it was over within minutes."""
    failed = ["alertname", "=~", "DatasourceError|DatasourceNoData"]
    return _route(EVERYBODY, [failed], "5m", "15m", "12h") | {"group_by": ["alertname"]}


def _city(city: str) -> Json:
    name = receiver(city)
    urgent = _route(name, [_URGENT], "10s", "1m", "1h")
    return _route(name, [["tenant", "=", city]], "2m", "10m", "24h") | {"routes": [urgent, _quiet(name, [_NOT_URGENT])]}


def _quiet(name: str, matchers: list[list[str]]) -> Json:
    return _route(name, matchers, "2m", "10m", "24h") | {"mute_time_intervals": [QUIET]}


def _route(name: str, matchers: list[list[str]], wait: str, interval: str, repeat: str) -> Json:
    return {"receiver": name, "object_matchers": matchers, "group_by": _GROUPED, **_pace(wait, interval, repeat)}


def _pace(wait: str, interval: str, repeat: str) -> Json:
    return {"group_wait": wait, "group_interval": interval, "repeat_interval": repeat}


def mute_timings() -> Json:
    """Nights and Sundays. A time span cannot go past midnight."""
    nights = {
        "times": [{"start_time": "20:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}],
        "location": _HOME,
    }
    sundays = {"weekdays": ["sunday"], "location": _HOME}
    return {"apiVersion": 1, "muteTimes": [{"orgId": 1, "name": QUIET, "time_intervals": [nights, sundays]}]}


def templates() -> Json:
    """The words of e-mails and webhooks, German and English."""
    return {"apiVersion": 1, "templates": [{"orgId": 1, "name": "smartcity", "template": _TEMPLATE}]}
