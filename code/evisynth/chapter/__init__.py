"""A declared chapter: its numbers, its top, its sections, each made from the results."""

from importlib import import_module

_HOMES = {
    "Page": "page", "chapter": "page", "cards": "landing", "questions": "landing",
    "glue_unused": "unused", "places_of_rows": "unused", "not_used": "unused",
}  # fmt: skip
__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"evisynth.chapter.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'evisynth.chapter' has no attribute {name!r}")


def __dir__():
    return __all__
