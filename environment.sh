#!/bin/sh
# Makes .venv from the hash-pinned lock with the first fitting Python, and installs the package in place.
# Called by make; safe to call again.
set -eu
cd "$(dirname "$0")"
unset PYTHONPATH PYTHONHOME
venv=.venv

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

if [ -n "${PYTHON:-}" ]; then candidates=$PYTHON; else candidates="python3.13 python3.12 python3.11 python3.14 python3 python"; fi
python=
seen=
for candidate in $candidates; do
  command -v "$candidate" >/dev/null 2>&1 || continue
  seen="$seen $candidate ($("$candidate" -c 'import platform; print(platform.python_version())' 2>/dev/null || echo broken))"
  if fits "$candidate"; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
  echo "This book needs Python 3.11 or newer; found:${seen:- none}. Install one, or name it: make PYTHON=/path/to/python3 ..." >&2
  exit 1
fi
if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
  echo "$python has no venv module; on Debian or Ubuntu: apt install python3-venv. Or name another Python: make PYTHON=/path/to/python3 ..." >&2
  exit 1
fi

echo "Setting up .venv with $("$python" --version) (once, about a minute) ..."
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock 2>"$venv/install.log" ||
  { cat "$venv/install.log" >&2; rm -rf "$venv"; exit 1; }
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>"$venv/install.log" ||
  { cat "$venv/install.log" >&2; rm -rf "$venv"; exit 1; }
touch "$venv/.ready"
