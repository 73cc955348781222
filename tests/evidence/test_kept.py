"""What is kept with an evidence base: worked out once for each, and gone with it."""

import gc
import weakref

from evisynth.evidence.kept import kept


class Base:
    """Stands for an evidence base."""


def test_each_result_is_worked_out_once_for_each_base():
    asked = []

    @kept
    def sized(evidence, name):
        asked.append((evidence, name))
        return [name]

    first, second = Base(), Base()
    assert sized(first, "a") is sized(first, "a")
    assert sized(first, "b") == ["b"]
    assert sized(second, "a") is not sized(first, "a")
    assert asked == [(first, "a"), (first, "b"), (second, "a")]


def test_two_functions_of_the_same_arguments_keep_apart():
    one, other = kept(lambda evidence: "one"), kept(lambda evidence: "other")
    base = Base()
    assert (one(base), other(base), one(base)) == ("one", "other", "one")


def test_results_go_with_their_base():
    base = Base()
    gone = weakref.ref(base)
    assert kept(lambda evidence: (evidence, 1))(base)[1] == 1
    del base
    gc.collect()
    assert gone() is None


def test_a_failure_is_not_kept():
    tries = []

    @kept
    def fails_once(evidence):
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return len(tries)

    base = Base()
    try:
        fails_once(base)
    except ValueError:
        assert fails_once(base) == 2
    assert fails_once(base) == 2
