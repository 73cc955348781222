"""YAML that remembers on which line of its file each key stands, and refuses repeated keys."""

from __future__ import annotations

from functools import cache

from evisynth.evidence.schema import NO_YAML_VALUE, Unreadable, repeated


class Marked(dict):
    """A mapping as read, with the line on which it begins, and the line of each of its keys."""

    line: int
    lines: dict[str, int]


def parse(text):
    """What a YAML text declares.

    Parameters
    ----------
    text : str

    Returns
    -------
    object
        Plain values; every mapping is `Marked`.

    Raises
    ------
    Unreadable
        No YAML, a key twice in one mapping, or a value such as 2020-99-99.
    """
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.YAMLError as error:
        raise Unreadable(" ".join(str(error).split()), "allowed: YAML") from None
    except NO_YAML_VALUE as error:
        raise Unreadable(f"no value that YAML can read: {error}", "allowed: YAML") from None


def line_of(declared, path):
    """Line on which a value stands; of what it is missing from, where it does not stand at all.

    Parameters
    ----------
    declared : object
        What `parse` gave, or a part of it.
    path : iterable of str or int
        Keys and positions that lead to the value; those that lead nowhere are passed over.

    Returns
    -------
    int or None
        The line of the key, so that a value that YAML refers to elsewhere is found where it is
        used. None where nothing on the way has a line.
    """
    line = getattr(declared, "line", None)
    for part in path:
        if isinstance(declared, Marked):
            line = declared.lines.get(str(part), declared.line)
        if isinstance(declared, dict) and part in declared:
            declared = declared[part]
        elif isinstance(declared, list) and isinstance(part, int) and part < len(declared):
            declared = declared[part]
            line = getattr(declared, "line", line)
    return line


@cache
def _loader():
    """YAML's safe loader, which takes the last of repeated keys, made to refuse them."""
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node, deep=False):
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            for twice in repeated([key.value for key in keys]):
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {twice!r} twice in one mapping", node.start_mark
                )
            return super().construct_mapping(node, deep)

        def construct_marked(self, node):
            found = Marked()
            found.line = node.start_mark.line + 1
            found.lines = {
                key.value: key.start_mark.line + 1
                for key, _ in node.value
                if isinstance(key, yaml.ScalarNode)
            }
            yield found
            found.update(self.construct_mapping(node))

    Loader.add_constructor("tag:yaml.org,2002:map", Loader.construct_marked)
    return Loader
