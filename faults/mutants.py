"""One operator, number or word of the engine's code changed: a sample of all such faults.

The changes are those of Cosmic Ray's operators. What changes an annotation alone is left out, since
nothing runs it; and so is an operator of bits in place of one of numbers, and the other way round,
which any test that comes by would find.
"""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "code" / "evisynth"
PACKAGES = (
    "effects", "random_effects", "diagnostics", "moderators", "small_study", "two_arm", "survival",
    "glmm", "beta_binomial", "bayes", "proportions", "specifications", "evidence",
)  # fmt: skip
# Of the evidence only what selects: its other modules read and word, and test_validation has them.
OF_EVIDENCE = ("overlap", "independent", "selection", "selector")
_OF_THEIR_OWN = {"BitAnd", "BitOr", "BitXor", "LShift", "RShift", "Is", "IsNot", "In", "NotIn"}


@dataclass(frozen=True)
class Mutant:
    """A module with one change.

    Attributes
    ----------
    package, module : str
        ``module`` as a path within the library.
    line : int
    mutation : str
        The line as it was and as it is, from where they differ to where they agree again.
    source : str
        Of the whole module, changed.
    """

    package: str
    module: str
    line: int
    mutation: str
    source: str

    @property
    def path(self):
        """Of the module that it changes."""
        return LIBRARY / self.module


def modules():
    """Package and path of every module that is mutated."""
    for package in PACKAGES:
        folder = LIBRARY / package if package == "evidence" else LIBRARY / "engine" / package
        for path in sorted(folder.glob("*.py")):
            if path.stem != "__init__" and (package != "evidence" or path.stem in OF_EVIDENCE):
                yield package, path


def sites(path):
    """Places of a module, each with the changes that can be made there.

    Returns
    -------
    dict of (int, int) to list of (str, int)
        Line and column; name of the operator and the number of its occurrence.
    """
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    nodes, found = list(ast_nodes(get_ast(path.read_text("utf-8")))), defaultdict(list)
    for name in sorted(operator_names()):
        operator, occurrence = get_operator(name), 0
        if operator.arguments() or _of_two_kinds(name):
            continue  # the first want to be told which names they may exchange
        for node in nodes:
            for start, _ in operator().mutation_positions(node):
                found[start].append((name, occurrence))
                occurrence += 1
    return dict(sorted(found.items()))


def _of_two_kinds(name):
    """Whether an operator puts bits in the place of numbers, or identity in that of order."""
    _, *both = name.rpartition("/")[2].split("_")
    return len(both) == 2 and len({word in _OF_THEIR_OWN for word in both}) == 2


def changed(path, name, occurrence):
    """Source of a module after one change."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    return mutate_code(path.read_text("utf-8"), get_operator(name)(), occurrence)


def runs_otherwise(before, after):
    """Whether two sources differ in what is run, and not in an annotation alone."""
    try:
        return ast.dump(_without_annotations(before)) != ast.dump(_without_annotations(after))
    except SyntaxError:
        return False


def _without_annotations(source):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                setattr(node, name, ast.Constant(None))
    return tree


def sample(number, seed):
    """Mutants at places drawn evenly from all modules, one at a place, in the order of the files.

    Parameters
    ----------
    number, seed : int

    Returns
    -------
    list of Mutant
    """
    rng = random.Random(seed)
    places = [
        (package, path, line, column, changes)
        for package, path in modules()
        for (line, column), changes in sites(path).items()
    ]
    rng.shuffle(places)
    made = []
    for package, path, line, _, changes in places:
        mutant = _mutant(package, path, line, rng.choice(changes))
        if mutant is not None:
            made.append(mutant)
        if len(made) == number:
            break
    return sorted(made, key=lambda mutant: (mutant.module, mutant.line, mutant.mutation))


def _mutant(package, path, line, change):
    before, after = path.read_text("utf-8"), changed(path, *change)
    if after is None or not runs_otherwise(before, after):
        return None
    module = path.relative_to(LIBRARY).as_posix()
    return Mutant(package, module, line, _difference(before, after), after)


def _difference(before, after):
    """First line that differs, as it was and as it is."""
    old, new = before.splitlines(), after.splitlines()
    at = next(i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    return f"{' '.join(old[at].split())} -> {' '.join(new[at].split())}"
