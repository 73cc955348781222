#!/bin/sh
# Makes .venv from the hash-pinned lock with the first fitting Python, and installs the package in place.
# Called by make before every command; does nothing where .venv is this checkout's and up to date.
set -eu
cd "$(dirname "$0")"
unset PYTHONPATH PYTHONHOME
venv=.venv
stamp="$PWD $(cat requirements.lock pyproject.toml environment.sh | cksum)"

if [ "${1:-}" = --adopt ]; then # take .venv as it is, for a build with unlocked packages
  echo "$stamp" >"$venv/.ready"
  exit 0
fi
if [ -f "$venv/.ready" ] && [ "$(cat "$venv/.ready")" = "$stamp" ] && "$venv/bin/python" -c '' 2>/dev/null; then
  exit 0
fi

version() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null || echo broken; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
has_venv() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

if [ -n "${PYTHON:-}" ]; then
  set -- "$PYTHON"
else
  set -- python3.13 python3.12 python3.11 python3.14 python3 python
fi
python='' without_venv='' seen=''
for candidate in "$@"; do
  command -v "$candidate" >/dev/null 2>&1 || continue
  seen="$seen $candidate ($(version "$candidate"))"
  new_enough "$candidate" || continue
  if has_venv "$candidate"; then python=$candidate; break; fi
  without_venv=$candidate
done
if [ -z "$python" ] && [ -n "$without_venv" ]; then
  echo "$without_venv has no venv module; on Debian or Ubuntu: apt install python3-venv. Or name another: make PYTHON=/path/to/python3 ..." >&2
  exit 1
fi
if [ -z "$python" ]; then
  echo "This book needs Python 3.11 or newer; looked for: $*; found:${seen:- none}. Install one, or name it: make PYTHON=/path/to/python3 ..." >&2
  exit 1
fi

if ! [ -w . ]; then
  echo "$PWD cannot be written, and the book needs its packages in $venv there: allow it, or use a copy of the checkout elsewhere." >&2
  exit 1
fi
# What a step says is kept in memory, for on a full disk there is no room for it either.
step() {
  said=$("$@" 2>&1) && return
  megabytes=$(df -Pk . | awk 'NR == 2 {print int($4 / 1024)}')
  [ "$megabytes" -ge 1000 ] || said="$said
Only $megabytes MB are left on this disk; $venv needs about 900."
  printf '%s\n' "$said" | grep -v '^ *$' | tail -n 6 >&2
  rm -rf "$venv"
  echo "Setting up $venv failed, and it was removed: mend what is said above, and run the command again." >&2
  exit 1
}

echo "Setting up .venv with $("$python" --version) (once, about a minute) ..."
rm -rf "$venv"
step "$python" -m venv "$venv"
step "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
step "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
echo "$stamp" >"$venv/.ready"
