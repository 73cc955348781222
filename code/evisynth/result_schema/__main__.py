"""Print the schema."""

import sys

from evisynth.result_schema import result_schema
from evisynth.results import as_json

sys.stdout.reconfigure(encoding="utf-8")
sys.stdout.write(as_json(result_schema()))
