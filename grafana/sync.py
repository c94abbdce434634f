"""What each city has in a running Grafana: a team, a folder that only this team sees, boards of this city, its marks.

Everything is looked at first and only a difference is a step, so a second run has none. Pure but for `Grafana`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final, Literal, Protocol

from . import bin as one_bin
from . import bins, trees
from .api import FORBIDDEN, UNKNOWN, Refused
from .dashboard import Constant, Dashboard
from .marks import OURS, City, Mark
from .verify import Window
from .wall import led_to

Json = dict[str, Any]

VIEW: Final = 1
_MADE: Final = {one.UID: one.board for one in (bins, one_bin, trees)}
_REVISION: Final = "revision"
"""Name of a hidden variable: it outlives what a newer Grafana does to a board that it stores."""
_UID: Final = re.compile(r"[a-z0-9_-]{1,40}")
_SHORT: Final = 30


class Asked(Protocol):
    """What is asked of Grafana; `grafana.api.Grafana` has it."""

    def team(self, name: str) -> int | None:
        """Its number."""

    def add_team(self, name: str) -> None:
        """Without members."""

    def folder(self, uid: str) -> Json | None:
        """With its `title`."""

    def add_folder(self, uid: str, title: str) -> None:
        """At the top."""

    def rename_folder(self, uid: str, title: str) -> None:
        """Another title."""

    def permissions(self, folder_uid: str) -> list[Json]:
        """Who may do what."""

    def set_permissions(self, folder_uid: str, items: Sequence[Json]) -> None:
        """These and no others."""

    def stored_board(self, uid: str) -> Json | None:
        """`dashboard` and `meta`."""

    def save_board(self, board: Json, folder_uid: str, message: str) -> None:
        """Into the folder."""

    def annotations(self, tags: Sequence[str], from_ms: int, to_ms: int) -> list[Json]:
        """All with these tags."""

    def add_annotation(self, time_ms: int, text: str, tags: Sequence[str]) -> None:
        """On no board."""

    def remove_annotation(self, number: int) -> None:
        """For good."""


@dataclass(frozen=True, slots=True)
class Step:
    """A difference, and what takes it away. `which`: for people."""

    what: Literal["team", "folder", "permissions", "board", "annotation"]
    which: str
    action: Literal["add", "change", "remove"]
    do: Callable[[], None]


def steps(grafana: Asked, city: City, window: Window, api: str) -> Iterator[Step]:
    """In the order in which they have to be done, each found when the one before is done.

    `api`: where a browser reaches the open data.
    """
    yield from _folder(grafana, city)
    yield from _boards(grafana, city, api)
    yield from _annotations(grafana, city, window)


def uid(before: str, city: str) -> str:
    """Stable, and never that of a provisioned board; a name that Grafana does not take is told by its digest."""
    name = f"{before}-city-{city}"
    return name if _UID.fullmatch(name) else f"smartcity-{sha256(name.encode()).hexdigest()[:_SHORT]}"


def _folder(grafana: Asked, city: City) -> Iterator[Step]:
    team_name, folder_uid = f"smartcity-{city.id}", uid("smartcity", city.id)
    if grafana.team(team_name) is None:
        yield Step("team", team_name, "add", partial(grafana.add_team, team_name))
    folder = grafana.folder(folder_uid)
    if folder is None:
        yield Step("folder", city.name, "add", partial(grafana.add_folder, folder_uid, city.name))
    elif folder["title"] != city.name:
        yield Step("folder", city.name, "change", partial(grafana.rename_folder, folder_uid, city.name))
    team = grafana.team(team_name)
    now = [] if folder is None else grafana.permissions(folder_uid)
    if team is None or not now or granted(now, team) != [_said(item) for item in now]:
        yield Step("permissions", city.name, "change", partial(_permit, grafana, folder_uid, team_name))


def _permit(grafana: Asked, folder_uid: str, team_name: str) -> None:
    team = grafana.team(team_name)
    if team is None:
        raise Refused(f"there is no team {team_name}: it could not be made, or somebody removed it meanwhile")
    grafana.set_permissions(folder_uid, granted(grafana.permissions(folder_uid), team))


def granted(items: Sequence[Json], team: int) -> list[Json]:
    """Who may do what from now on, of what Grafana says may be done.

    Nobody by role, which is everybody in Grafana. The team may see. Users and teams that somebody named there stay.
    """
    named = [said for said in map(_said, items) if "role" not in said]
    sees = any(said.get("teamId") == team for said in named)
    return named if sees else [*named, {"teamId": team, "permission": VIEW}]


def _said(item: Json) -> Json:
    who = {key: item[key] for key in ("userId", "teamId", "role") if item.get(key)}
    return who | {"permission": item["permission"]}


def _boards(grafana: Asked, city: City, api: str) -> Iterator[Step]:
    folder_uid = uid("smartcity", city.id)
    for name in _MADE:
        board = city_board(name, city.id, api)
        stored = grafana.stored_board(board["uid"])
        if stored is None:
            yield Step("board", board["uid"], "add", partial(_save, grafana, board, folder_uid))
        elif _revision(stored["dashboard"]) != _revision(board) or stored["meta"].get("folderUid") != folder_uid:
            yield Step("board", board["uid"], "change", partial(_save, grafana, board, folder_uid))


def _save(grafana: Asked, board: Json, folder_uid: str) -> None:
    grafana.save_board(board, folder_uid, f"smartcity grafana sync, {_revision(board)}")


def city_board(name: str, city: str, api: str) -> Json:
    """The German board with its city fixed; its links keep to boards of this city, and lead nowhere else."""
    made: Dashboard = led_to(_MADE[name]("de"), api)
    choices = [Constant("city", city) if getattr(one, "name", "") == "city" else one for one in made.choices]
    links = [one for one in made.links if not one.url.startswith("/d/") or one.url.removeprefix("/d/") in _MADE]
    text = replace(made, uid=uid(name, city), choices=choices, links=links).text()
    for other in _MADE:
        text = re.sub(rf"/d/{other}(?![\w-])", f"/d/{uid(other, city)}", text)
    board: Json = json.loads(text)
    board["annotations"]["list"] += [_layer("Angebracht", city, "installed"), _layer("Getauscht", city, "swapped")]
    digest = sha256(json.dumps(board, sort_keys=True).encode()).hexdigest()[:_SHORT]
    board["templating"]["list"].append(Constant(_REVISION, digest).to_json())
    return board


def _layer(title: str, city: str, code: str) -> Json:
    """Marks of one kind, by their tags."""
    return {
        "name": title,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": False,
        "iconColor": "purple",
        "target": {"type": "tags", "tags": [OURS, city, code], "matchAny": False, "limit": 100},
    }


def _revision(board: Json) -> str:
    variables = board.get("templating", {}).get("list", [])
    return next((str(one.get("query", "")) for one in variables if one["name"] == _REVISION), "")


def _annotations(grafana: Asked, city: City, window: Window) -> Iterator[Step]:
    """What is missing is added, oldest first; what is ours and no longer so, or twice, is removed."""
    there: defaultdict[Mark, list[int]] = defaultdict(list)
    for note in grafana.annotations((OURS, city.id), window.from_ms, window.to_ms):
        if OURS in note["tags"] and not note.get("dashboardUID"):
            there[Mark.of(note)].append(note["id"])
    for mark in sorted(city.marks - there.keys()):
        add = partial(grafana.add_annotation, mark.time_ms, mark.text, mark.tags)
        yield Step("annotation", _told(mark), "add", add)
    for mark, numbers in there.items():
        for number in numbers[1 if mark in city.marks else 0 :]:
            yield Step("annotation", _told(mark), "remove", partial(grafana.remove_annotation, number))


def _told(mark: Mark) -> str:
    return f"{datetime.fromtimestamp(mark.time_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}Z {mark.text}"


def attempt(step: Step) -> str:
    """Do it. What Grafana said when it would not, "" when it did; a right that is missing is raised."""
    try:
        step.do()
    except Refused as error:
        if error.status in (UNKNOWN, FORBIDDEN):
            raise
        return str(error)
    return ""
