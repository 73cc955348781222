"""The JSON Schema of every result, built from the results' own fields and docstrings.

``python -m evisynth.result_schema > code/evisynth/result.schema.json`` writes it anew.
"""

from evisynth.result_schema.build import result_classes, result_schema

__all__ = ["result_classes", "result_schema"]
