"""The vocabulary of the answers."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from api.answers import Quantities, Quantity
from api.observations import PUBLISHED
from api.openapi import PREFIX, described
from api.services import FIXED, answer

router: Final = APIRouter(prefix=PREFIX, tags=["observations"])

_ALL: Final = {one.key: one for group in PUBLISHED.values() for one in group}


@router.get("/quantities", responses=described(Quantities))
async def quantities() -> Response:
    """Every quantity that an observation may name, with unit, meaning and physical limits."""
    items = [
        Quantity(key=q.key, unit=q.unit, en=q.en, de=q.de, low=q.low, high=q.high, definition=q.definition)
        for q in _ALL.values()
    ]
    return answer(Quantities(items=items), FIXED)
