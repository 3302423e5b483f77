"""Public docstrings show how the thing is used; the examples themselves run as doctests."""

from __future__ import annotations

import ast
import doctest
import inspect
from pathlib import Path

import pytest

import calcitrack
from calcitrack.callable_package import CallablePackage
from calcitrack.measure import MEASURANDS, TOTALS, measurands

PACKAGE = Path(inspect.getfile(calcitrack)).parent


@pytest.mark.parametrize("name", [n for n in calcitrack.__all__ if n != "__version__"])
def test_every_public_name_has_an_example(name: str) -> None:
    """The docstring of each function and class holds one that uses it."""
    value = getattr(calcitrack, name)
    documented = value.__wrapped__ if isinstance(value, CallablePackage) else value
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(documented) or "")
    assert any(name in example.source for example in examples)


def test_every_measurand_has_an_example() -> None:
    """The docstring of the registry measures each of them."""
    shown = "".join(example.source for example in doctest.DocTestParser().get_examples(measurands.__doc__ or ""))
    constants = {value: constant for constant, value in vars(measurands).items() if value in (*MEASURANDS, *TOTALS)}
    assert [constant for constant in constants.values() if constant not in shown] == []


def test_the_package_has_a_hundred_examples_and_more() -> None:
    """Lines that a reader can type, over all docstrings."""
    parser, documented = doctest.DocTestParser(), (ast.Module, ast.ClassDef, ast.FunctionDef)
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))
    docstrings = (ast.get_docstring(node) or "" for tree in trees for node in ast.walk(tree) if isinstance(node, documented))
    counts = [len(parser.get_examples(docstring)) for docstring in docstrings]
    assert sum(map(bool, counts)) >= 100
    assert sum(counts) >= 300
