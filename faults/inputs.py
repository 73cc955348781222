"""Seeded inputs of every kind: data with its extremes, arguments, values of no use, and bytes.

Every function takes a `random.Random` and draws from nothing else, so that a seed gives an input
again.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

# Data ---------------------------------------------------------------------------------------------


def size(rng):
    """Number of studies: few, as a rule."""
    return rng.choice((1, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8, 11, 14))


def total(rng):
    """Patients of a study, from 1 to a thousand million."""
    ends = (1, 2, 10, 1000, 10**6, 10**9)
    return rng.choice(ends) if rng.random() < 0.1 else rng.randint(1, 10 ** rng.randint(1, 4))


def counts(rng, k):
    """Events and totals: often none or all, often the same in every study."""
    ni = [total(rng)] * k if rng.random() < 0.15 else [total(rng) for _ in range(k)]
    rate = rng.choice((0.0, 1.0, 1e-6, rng.random()))
    rates = (
        [rate] * k if rng.random() < 0.3 else [rng.choice((0, 1, rate, rng.random())) for _ in ni]
    )
    return {"xi": [round(p * n) for p, n in zip(rates, ni, strict=True)], "ni": ni}


def effects(rng, k):
    """Effects and variances: equal, ordinary, tiny, huge, and both at once."""
    scale, about = 10.0 ** rng.choice((0, 0, 0, -9, -3, 3, 9, 30)), rng.choice((0, 0, 1, -1e6))
    yi = [about + scale * rng.gauss(0, 1) for _ in range(k)]
    if rng.random() < 0.15:
        yi = [yi[0]] * k
    spread = rng.choice((0, 0, 1, 6))
    vi = [scale**2 * 10 ** rng.uniform(-spread - 2, spread) for _ in range(k)]
    return {"yi": yi, "vi": [max(v, 1e-48) for v in vi]}


def tables(rng, k):
    """Two arms of events and totals."""
    first, second = counts(rng, k), counts(rng, k)
    return {"ai": first["xi"], "n1i": first["ni"], "ci": second["xi"], "n2i": second["ni"]}


def medians(rng, k):
    """Medians with limits, some not reached, some in no order."""
    middle = [10 ** rng.uniform(-2, 3) for _ in range(k)]
    low = [m / rng.uniform(1.01, 9) for m in middle]
    high = [rng.choice(("NR", None, m * 2, m * rng.uniform(1.01, 9), m / 2)) for m in middle]
    return {"medians": middle, "ci_lb": low, "ci_ub": high}


def times(rng, k):
    """Follow-up and events of patients, with ties and none."""
    if rng.random() < 0.5:
        time = [float(rng.randint(0, 9)) for _ in range(k)]
    else:
        time = [10 ** rng.uniform(-6, 6) for _ in range(k)]
    return {"time": time, "event": [rng.random() < 0.6 for _ in range(k)]}


def subset(rng, k):
    """Which studies each data set of a stack has."""
    rows = [[rng.random() < 0.7 for _ in range(k)] for _ in range(rng.randint(1, 4))]
    return [[True] * k if not any(row) else row for row in rows]


def slab(rng, k):
    """Labels."""
    words = (
        "Alder 2001",
        "Birch, 2003",
        "Çınar",
        "李 2010",
        "a",
        "b c",
        "N/A",
        "x" * 80,
        "<b>",
        "$x$",
    )
    return [f"{rng.choice(words)} {i}" for i in range(k)]


def groups(rng, k):
    """Labels of which some come twice."""
    return [rng.choice(("p", "q", "r")) for _ in range(k)]


def moderators(rng, k):
    """One moderator, several, or several with names."""
    column = lambda: [rng.choice((0.0, 1.0, rng.gauss(0, 3), 1e6)) for _ in range(k)]  # noqa: E731
    return rng.choice((column(), {"dose": column()}, {"a": column(), "b": column()}))


def level(rng):
    """A level of confidence, often extreme."""
    return rng.choice((0.95, 0.9, 0.5, 0.99, 1e-6, 1 - 1e-9, rng.random()))


# Values of no use, or of use elsewhere ------------------------------------------------------------


class Unknown:
    """Of no use to anybody."""

    def __repr__(self):
        return "Unknown()"


def endless():
    """A list that holds itself."""
    found = []
    found.append(found)
    return found


HOSTILE = (
    lambda: None, lambda: float("nan"), lambda: float("inf"), lambda: -float("inf"), lambda: -1,
    lambda: 0, lambda: 1, lambda: 0.5, lambda: True, lambda: 10**30, lambda: 10**5000,
    lambda: 1e300, lambda: -1e300, lambda: 5e-324, lambda: 1j, lambda: "", lambda: "three",
    lambda: "3", lambda: " ", lambda: "\x00", lambda: "\u202e", lambda: "\ud800", lambda: b"3",
    lambda: [], lambda: (), lambda: {}, lambda: {"a": 1}, lambda: {1, 2}, lambda: [[]],
    lambda: [1, 2, 3], lambda: [1.5, None], lambda: ["a", "b"], lambda: [[1], [1, 2]],
    lambda: [[1.0, 2.0, 3.0]], lambda: (x for x in (1, 2, 3)), lambda: range(3),
    lambda: np.array(3.0), lambda: np.array([]), lambda: np.ones((2, 2, 2)), lambda: np.ma.masked,
    lambda: np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), lambda: np.float32("nan"),
    lambda: np.datetime64("2020-01-01"), lambda: np.timedelta64(3, "D"), lambda: pd.NA,
    lambda: pd.NaT, lambda: pd.Series([1.0, 2.0, 3.0], index=[3, 1, 2]),
    lambda: pd.DataFrame({"a": [1, 2]}), lambda: np.array(["1", "2"]), lambda: np.zeros(3, bool),
    lambda: np.zeros(3, dtype=[("a", float)]), lambda: np.longdouble("1e4000"), Unknown,
    lambda: int, lambda: len, endless, lambda: np.array([1, None, 3], dtype=object),
    lambda: pd.Categorical(["a", "b", "a"]), lambda: memoryview(b"abc"), lambda: "x" * 10_000,
    lambda: np.int8(3), lambda: np.uint64(2**63), lambda: -0.0,
    lambda: np.array([True, False, True]),
)  # fmt: skip


def hostile(rng):
    """A value that is of no use to most arguments."""
    return rng.choice(HOSTILE)()


def bent(rng, value):
    """A value of the right kind with something wrong within, or in another form."""
    if not isinstance(value, list | tuple) or not value:
        return hostile(rng)
    changed = list(value)
    at = rng.randrange(len(changed))
    how = rng.randrange(9)
    if how == 0:
        changed[at] = hostile(rng)
    elif how == 1:
        del changed[at]
    elif how == 2:
        changed.append(changed[at])
    elif how == 3:
        changed = [changed[at]] * len(changed)
    elif how == 4:
        changed = [changed] * rng.randint(1, 3)
    elif how == 5 and _are_numbers(changed):
        changed = [-x for x in changed]
    elif how == 6 and _are_numbers(changed):
        changed = np.array(changed, dtype=rng.choice(("f4", "f8", "i4", "f2", "O", "U9")))
    elif how == 7:
        changed = pd.Series(changed, index=rng.sample(range(99), len(changed)))
    else:
        changed = tuple(reversed(changed))
    return changed


def _are_numbers(values):
    return all(isinstance(v, int | float) and abs(v) < 30_000 for v in values)


# Text and bytes -----------------------------------------------------------------------------------

WORDS = (
    b"", b",", b";", b'"', b'""', b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\t",
    b"NA", b"NaN", b"-1", b"0", b"1e999", b"-0.0", b"99999999999999999999", b"1/0", b"true",
    b"null", b"[]", b"{}", b"[", b"}", b": ", b"- ", b"&a ", b"*a", b"<<: ", b"!!python/name:os",
    b"!!binary x", b"2020-99-99", b"0o9", b"1_0", b"\xc2\xa0", b"\xe2\x80\xae", b"\xed\xa0\x80",
    "\u0661".encode(), b"=1+1", b"../", b"/", b"~", b"%s", b"%(x)s", b"{0}", b"\\", b"\\u0000",
    b"\\ud800", b"sep=;", b"#", b"|", b"'", b"?", b"@", b"`", b"$", b"(?P<", b"(((((", b"x" * 3000,
    b"[" * 3000, b"{\"a\":" * 2000, b"Infinity", b"~~~", b"```{code-cell}\n", b"---\n", b"00:00:61",
    b"!!bool x", b"!!timestamp x", b"!!int ''", b"!!float x", b"!!set x", b"!!omap x", b"!!null x",
    b"](a\x01b.md)", b"](" + b"y" * 3000 + b".md)", b"\n%", b"evidence.analyse(",
)  # fmt: skip


def bytes_of(rng, data):
    """Bytes with one to four changes: flipped, cut, doubled, moved, or with a word put in."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at, end = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
        end = min(end, at + rng.choice((1, 4, 40, 400)))
        how = rng.randrange(7)
        if how == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif how == 1:
            del data[at:end]
        elif how == 2:
            data[at:at] = data[at:end]
        elif how == 3:
            data[at:end] = rng.choice(WORDS)
        elif how == 4:
            data[at:at] = rng.choice(WORDS)
        elif how == 5:
            del data[at:]
        else:
            lines = bytes(data).split(b"\n")
            rng.shuffle(lines)
            data = bytearray(b"\n".join(lines)) if rng.random() < 0.2 else data
    return bytes(data)


def scalar(rng):
    """What a file may hold at one place."""
    return rng.choice((
        None, True, False, 0, 1, -1, 3.5, 10**30, -1e300, "", "a", "any", "\u202e", "\x00", [], {},
        ["a"], [None], [[]], {"a": 1}, {"": None}, [1, "a"], "x" * 2000, "string", "integer", "1",
        float("nan"), float("inf"), {"a": {"b": []}}, "../..", "(", "2020-01-01",
    ))  # fmt: skip


def places(tree, path=()):
    """Every place in nested mappings and lists."""
    yield path
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from places(value, (*path, key))


def tree_of(rng, tree):
    """Nested mappings and lists with one to three places replaced, removed, added or doubled."""
    tree = json.loads(json.dumps(tree))
    for _ in range(rng.choice((1, 1, 2, 3))):
        *path, last = rng.choice([p for p in places(tree) if p] or [("none",)])
        if last == "none":
            return scalar(rng)
        inner = tree
        for key in path:
            inner = inner[key]
        how = rng.randrange(5)
        if how == 0:
            del inner[last]
        elif how == 1 and isinstance(inner, dict):
            inner[rng.choice(("extra", "", "id", str(last) + " "))] = scalar(rng)
        elif how == 2 and isinstance(inner, list):
            inner.append(inner[last])
        elif how == 3 and isinstance(inner, dict):
            inner[rng.choice(list(inner))] = inner[last]
        else:
            inner[last] = scalar(rng)
    return tree
