"""The page: templates filled by the server, static files, and the words of both languages."""

from __future__ import annotations

from .languages import choose_language
from .pages import STATIC, SWAGGER, Content, Pages

__all__ = ["STATIC", "SWAGGER", "Content", "Pages", "choose_language"]
