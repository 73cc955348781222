"""A declared chapter: its numbers, its top, its sections, each made from the results."""

from evisynth.chapter.page import Page, chapter

__all__ = ["Page", "chapter"]
