"""How often something is derived, and how far it looks back."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class DeriveSettings(BaseModel):
    """`every_s`: seconds from one look to the next. `look_back_s`: how late a row may come and still count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    look_back_s: Annotated[float, Field(ge=0, le=86_400)] = 7200.0
