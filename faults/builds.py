"""Whether the book is the same, byte for byte, wherever it is built: ``make builds``.

Copies of the checkout are built from scratch: without a network, where the system lets one be taken
away; in a path with blanks and umlauts, in another time zone, with another order of hashes; once
more in the same place, after every page and style was touched; and with another Python, where one
is at hand. Every file of each site is compared with the first. Results go to ``results.json``
beside this file. It takes some minutes a build.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from records import write

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
# A network of its own has a loopback that is down; kernels are spoken to over it.
LOOPBACK = (
    "import fcntl, os, socket, struct, sys; s = socket.socket(); "
    "fcntl.ioctl(s, 0x8914, struct.pack('16sh14x', b'lo', 0x41)); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
REACH = "import socket; socket.create_connection(('192.0.2.1', 9), 3)"


def checkout(folder):
    """A copy of the files that git has or would take."""
    listed = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others"]
    found = subprocess.run(
        [*listed, "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, found.stdout.decode().split("\0")):
        target = Path(folder) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, target)
    return Path(folder)


def environment(folder, **more):
    """Variables of a build, as the Makefile sets them."""
    kept = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "MPLBACKEND", "TZ")}
    own = {
        "PYTHONPATH": str(folder / "code"),
        "PYTHONNOUSERSITE": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
    }
    return kept | own | more


def without_network(command):
    """The same command where nothing but this machine's loopback can be reached."""
    return ["unshare", "--net", sys.executable, "-c", LOOPBACK, *command]


def can_go_without_network():
    """Whether the system lets the network be taken away, and it is away then."""
    if not shutil.which("unshare"):
        return False
    works = subprocess.run(
        without_network([sys.executable, "-c", "import socket; s = socket.socket(); "
                         "s.bind(('127.0.0.1', 0)); s.listen()"]), capture_output=True, check=False,
    )  # fmt: skip
    reaches = subprocess.run(
        without_network([sys.executable, "-c", REACH]), capture_output=True, check=False
    )
    return works.returncode == 0 and b"Network is unreachable" in reaches.stderr


def build(folder, *, python=sys.executable, offline=False, **variables):
    """Build the book of a checkout; returns the hash of each file of its site."""
    command = [str(python), "-m", "evisynth.book"]
    done = subprocess.run(
        without_network(command) if offline else command, cwd=folder, capture_output=True,
        text=True, env=environment(folder, **variables), check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{folder}: {done.stdout[-1000:]}{done.stderr[-3000:]}")
    return files_of(folder / "_build/html")


def files_of(site):
    """The hash of each file of a site by its name."""
    return {
        path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


def differing(first, other):
    """Names of files that only one has, or that differ."""
    return sorted(name for name in first | other if first.get(name) != other.get(name))


def touched(folder):
    """Pages, styles and tables with a later time and the same content."""
    for part in ("chapters", "_static", "data", "intro.md"):
        path = folder / part
        for file in path.rglob("*") if path.is_dir() else [path]:
            os.utime(file)
    return folder


def other_python():
    """An interpreter of another version than this one, or None."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    beside = sorted(root.glob("versions/3.*/bin/python3"), key=lambda p: p.parts[-3])
    for name in (*reversed(PYTHONS), *map(str, reversed(beside))):
        ask = [name, "-c", "import sys, venv, ensurepip; print(*sys.version_info[:2])"]
        try:
            found = subprocess.run(ask, capture_output=True, text=True, check=False)
        except OSError:
            continue
        version = tuple(map(int, found.stdout.split())) if found.returncode == 0 else ()
        if version >= (3, 11) and version != sys.version_info[:2]:
            return name
    return None


def with_other_python(folder, name):
    """The site that another Python builds, with the locked packages, and its version."""
    made = subprocess.run(
        ["./environment.sh"], cwd=folder, env=environment(folder, PYTHON=name, PYTHONPATH=""),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError(made.stderr[-2000:])
    python = folder / ".venv/bin/python"
    asked = [python, "-c", "import platform; print(platform.python_version())"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    return version, build(folder, python=python, PYTHONHASHSEED="3", LANG="C")


def run():
    """All builds; what is recorded."""
    offline = can_go_without_network()
    name, pythons = other_python(), [platform.python_version()]
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        first = build(checkout(place / "a"), offline=offline, TZ="UTC", PYTHONHASHSEED="0")
        odd = checkout(place / "Zwölf Bücher" / "ein Bu\u0308ch")
        sites = {"elsewhere": build(odd, TZ="Pacific/Auckland", PYTHONHASHSEED="7")}
        sites["again"] = build(touched(odd), TZ="America/St_Johns", PYTHONHASHSEED="8")
        if name:
            version, sites["other Python"] = with_other_python(checkout(place / "c"), name)
            pythons.append(version)
    found = {way: differing(first, site) for way, site in sites.items()}
    return {
        "files": len(first),
        "builds": 1 + len(sites),
        "differing": len({name for names in found.values() for name in names}),
        "names": {way: names for way, names in found.items() if names},
        "pythons": pythons,
        "offline": offline,
    }


if __name__ == "__main__":
    made = run()
    write("builds", made)
    for way, names in made["names"].items():
        print(way, *names, sep="\n  ")
    print("{files} files in {builds} builds, {differing} differ; Python {pythons}; "
          "without a network: {offline}".format(**made))  # fmt: skip
    sys.exit(bool(made["differing"]))
