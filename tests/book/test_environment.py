"""One environment, said in five files; and nothing in the repository that only this machine has."""

import code
import re
import subprocess
import tomllib
from pathlib import Path

import evisynth
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
BUILD_ONLY = {"setuptools", "wheel"}
UNLOCKED = {"faults"}  # extras that no page and no test needs

# Put together here, so that this file does not name what it forbids.
REGISTRIES = re.compile(
    "|".join(["py" + r"pi\.org", r"python" + r"hosted\.", "ana" + r"conda\.(org|com)"])
)
MACHINE_PATHS = re.compile(r"(?<![\w./>~-])/(?:" + "|".join(["work", "opt"]) + r")(?![\w-])")


def wanted():
    """Direct dependencies as requirements.in asks for them, by name."""
    lines = (ROOT / "requirements.in").read_text().splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def locked_entries():
    """Each entry of the lock: its requirement and its hashes."""
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    for line in filter(str.strip, text.splitlines()):
        requirement, *hashes = line.split("--hash=")
        yield Requirement(requirement.strip()), hashes


def locked():
    """Versions of the lock, by name."""
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement, _ in locked_entries()
    }


def declared():
    """Every locked requirement of pyproject.toml: to run, build the book, test, install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    lines = project["project"]["dependencies"] + [
        line for name, group in extras.items() if name not in UNLOCKED for line in group
    ]
    return [Requirement(line) for line in lines + project["build-system"]["requires"]]


def pip_lines():
    """The pip part of environment.yml."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    return next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))


def repository_texts():
    """Path and text of every file that git has or would take, fonts and other binaries apart."""
    listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    command = ["git", "-c", f"safe.directory={ROOT}", *listed]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listing.split("\0")):
        try:
            yield name, (ROOT / name).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue


def test_environment_yml_is_the_locks_direct_dependencies():
    versions = locked()
    *pins, last = pip_lines()
    assert last == "-e ."
    assert sorted(pins) == sorted(f"{r.name}=={versions[name]}" for name, r in wanted().items())


def test_environment_yml_names_one_python_in_reach():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["name"] == "counted-once"
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    python = next(part for part in environment["dependencies"] if part.startswith("python="))
    assert tuple(map(int, python.removeprefix("python=").split("."))) >= (3, 11)


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_pyproject_range_contains_the_locked_version(requirement):
    assert requirement.specifier, f"{requirement} has no range"
    assert requirement.specifier.contains(locked()[canonicalize_name(requirement.name)])


def test_pyproject_and_requirements_in_name_the_same_packages():
    names = {canonicalize_name(requirement.name) for requirement in declared()}
    assert names | BUILD_ONLY == set(wanted())


def test_an_unlocked_extra_is_in_no_other_file_and_has_a_range():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for requirement in (Requirement(line) for name in UNLOCKED for line in extras[name]):
        assert requirement.specifier, f"{requirement} has no range"
        assert canonicalize_name(requirement.name) not in set(locked()) | set(wanted())


def test_requirements_in_contains_the_locked_version():
    versions = locked()
    outside = [str(r) for name, r in wanted().items() if not r.specifier.contains(versions[name])]
    assert not outside


def test_lock_pins_and_hashes_every_package_once():
    entries = list(locked_entries())
    assert len(entries) > len(wanted())
    assert len({requirement.name for requirement, _ in entries}) == len(entries)
    for requirement, hashes in entries:
        assert re.fullmatch(r"==[\w.!+]+", str(requirement.specifier)), requirement
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", h) for h in hashes), requirement


def test_lock_names_no_host():
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host|\bfile:", text)


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["registry", "machine path"])
def test_repository_names_no_registry_and_no_path_of_this_machine(pattern):
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in repository_texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (REGISTRIES, "https://py" + "pi.org/simple"),
        (REGISTRIES, "https://files.python" + "hosted.org/packages"),
        (REGISTRIES, "https://conda.ana" + "conda.org/conda-forge"),
        (MACHINE_PATHS, "open('/" + "work/main/data')"),
        (MACHINE_PATHS, "see /" + "opt/wheels"),
    ],
)
def test_the_finders_find(pattern, line):
    assert pattern.search(line)


@pytest.mark.parametrize(
    "line", [".github/workflows/book.yml", "a/work/b", "either/or", "co-/optional"]
)
def test_the_path_finder_lets_pass(line):
    assert not MACHINE_PATHS.search(line)


def test_package_comes_from_this_checkout():
    assert Path(evisynth.__file__).resolve().is_relative_to(ROOT / "code")


def test_the_folder_code_does_not_shadow_pythons_code():
    assert not (ROOT / "code" / "__init__.py").exists()
    assert hasattr(code, "InteractiveConsole")


def test_what_is_installed_has_every_file_that_the_library_reads():
    """A file that no pattern names is there in this checkout and missing in an installed one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    library = ROOT / "code" / "evisynth"
    patterns = project["tool"]["setuptools"]["package-data"]["evisynth"]
    found = {pattern: set(library.glob(pattern)) for pattern in patterns}
    assert all(found.values()), {pattern for pattern, files in found.items() if not files}
    files = {p for p in library.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    beside = {path for path in files if path.suffix != ".py"}
    assert beside == set().union(*found.values())


def test_workflows_pin_actions_and_ask_for_little():
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert workflows
    for path in workflows:
        text = path.read_text()
        uses = re.findall(r"uses:\s*(.+)", text)
        assert all(
            re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses
        ), path
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {"contents": "read"}
        for name, job in workflow["jobs"].items():
            if "permissions" in job:
                assert (name, set(job["permissions"])) == ("deploy", {"pages", "id-token"})
                assert "refs/heads/main" in job["if"]
