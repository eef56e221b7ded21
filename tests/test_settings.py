"""``.env.example`` and the settings name the same variables with the same defaults."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^# ([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
READ_ELSEWHERE = {"PORT", "PAIRLY_STAFF_PASSWORD"}


def variables() -> dict[str, int | None]:
    """What settings.py reads, with the default where that is a whole number."""
    found: dict[str, int | None] = {}
    for node in ast.walk(ast.parse((ROOT / "pairly/settings.py").read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name, called = node.args[0], ast.unparse(node.func)
        if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
            continue
        if called == "pairly_int":
            default = ast.unparse(node.args[1])
            assert re.fullmatch(r"[\d_ *]+", default), f"{name.value}: {default} is no plain number"
            found[f"PAIRLY_{name.value}"] = eval(default)
        elif called.startswith("env."):
            found[name.value] = None
    return found


def test_the_example_lists_every_variable_once_with_its_default() -> None:
    read = variables()
    listed = LINE.findall((ROOT / ".env.example").read_text())
    names = [name for name, _value in listed]
    assert sorted(names) == sorted(set(names))
    assert set(names) - READ_ELSEWHERE == set(read)
    wrong = {
        name: (value, read[name])
        for name, value in listed
        if read.get(name) is not None and value != str(read[name])
    }
    assert wrong == {}
