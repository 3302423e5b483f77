"""What `import calcitrack` gives: every name at once, no library before it is needed, and packages that stay what they are."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import json
import pickle
import pkgutil
import pydoc
import subprocess
import sys
import types
from pathlib import Path

import pytest

import calcitrack
from calcitrack.callable_package import CallablePackage

HEAVY = {"pydicom", "pandas", "matplotlib", "onnxruntime", "skimage", "cv2", "highdicom", "scipy", "PIL", "statsmodels", "xarray"}
VERBS = ("assess", "calibrate", "measure", "segment")
SCRIPTS = {"calcitrack.io.dicom.gdcm_worker"}
"""Modules that are run, not imported."""


def loaded_by(program: str) -> set[str]:
    """Every module that a program has loaded when it ends, in a fresh interpreter."""
    ending = "\nimport json, sys\nsys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program + ending], capture_output=True, text=True, check=True)  # noqa: S603 this interpreter
    return set(json.loads(done.stderr))


def run(program: str) -> str:
    """What a program prints in a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 this interpreter


HELP = """
from calcitrack.cli import app
try:
    app(["--help"])
except SystemExit:
    pass
"""


@pytest.mark.parametrize("program", ["import calcitrack", "import calcitrack; dir(calcitrack)", HELP])
def test_importing_and_help_load_no_heavy_library(program: str) -> None:
    """Neither the package nor the list of commands loads a library that reads, computes on or draws images."""
    assert {m.split(".")[0] for m in loaded_by(program)} & HEAVY == set()


def test_importing_loads_neither_numpy_nor_a_module_of_the_package() -> None:
    """`import calcitrack` loads its version and what makes names lazy, nothing else."""
    loaded = loaded_by("import calcitrack")
    assert "numpy" not in loaded
    assert {m for m in loaded if m.startswith("calcitrack")} == {"calcitrack", "calcitrack.lazy_names", "calcitrack.version"}


def test_the_gain_of_noise_needs_no_statistics() -> None:
    """`scipy.signal`, which loads `scipy.stats`, is not needed to calibrate."""
    assert "scipy.stats" not in loaded_by("from calcitrack import calibrate; calibrate.calibrate")


def test_every_public_name_is_listed_before_it_is_used() -> None:
    """`dir(calcitrack)`, which tab completion asks, has every public name in a fresh interpreter."""
    listed = set(json.loads(run("import calcitrack, json; print(json.dumps(dir(calcitrack)))")))
    assert set(calcitrack.__all__) <= listed
    assert listed & {"SOURCES", "TYPE_CHECKING", "on_first_use"} == set()


def test_every_public_name_can_be_used() -> None:
    """Each name of `__all__` is found, and an unknown one is an AttributeError that says so."""
    assert all(getattr(calcitrack, name) is not None for name in calcitrack.__all__)
    with pytest.raises(AttributeError, match="module 'calcitrack' has no attribute 'asess'"):
        calcitrack.asess  # type: ignore[attr-defined]  # noqa: B018


def test_the_lazy_names_are_those_that_type_checkers_see() -> None:
    """The imports for type checkers, the table of lazy names and `__all__` say the same."""
    tree = ast.parse(Path(inspect.getfile(calcitrack)).read_text(encoding="utf-8"))
    checked = next(n for n in tree.body if isinstance(n, ast.If))
    seen = {str(n.module): tuple(sorted(a.name for a in n.names)) for n in checked.body if isinstance(n, ast.ImportFrom)}
    assert seen == {module: tuple(sorted(names)) for module, names in calcitrack.SOURCES.items()}
    assert sorted(calcitrack.__all__) == sorted([*(n for names in seen.values() for n in names), "__version__"])


def packages() -> list[types.ModuleType]:
    """Every package of calcitrack, itself too."""
    return [calcitrack, *(importlib.import_module(m.name) for m in pkgutil.walk_packages(calcitrack.__path__, "calcitrack.") if m.ispkg)]


def test_no_module_is_hidden_by_another_object_of_its_name() -> None:
    """After ``import calcitrack.a.b``, ``calcitrack.a.b`` is that module, for every module."""
    hidden = []
    for package in packages():
        for name in [m.name for m in pkgutil.iter_modules(package.__path__)]:
            full = f"{package.__name__}.{name}"
            if full not in SCRIPTS and importlib.import_module(full) is not getattr(package, name):
                hidden.append(full)
    assert hidden == []


def test_no_package_lists_a_module_as_a_name_of_its_own() -> None:
    """A package that exports ``name`` has no module of that name, but where the module is a package that is called like it."""
    exported = [
        f"{p.__name__}.{m.name}"
        for p in packages()
        for m in pkgutil.iter_modules(p.__path__)
        if m.name in getattr(p, "__all__", ()) and not isinstance(getattr(p, m.name), CallablePackage)
    ]
    assert exported == []


@pytest.mark.parametrize(
    "imports",
    [
        "from calcitrack import assess",
        "import calcitrack.assess.revise; from calcitrack import assess",
        "from calcitrack import assess; import calcitrack.assess.revise",
        "import calcitrack; assess = calcitrack.assess",
        "from calcitrack.model.timeline import Timeline; from calcitrack import *",
        "from calcitrack.assess import assess",
    ],
)
def test_a_verb_is_called_in_whatever_order_it_was_imported(imports: str) -> None:
    """Both ``assess(...)`` and ``calcitrack.assess.revise`` work, whatever was imported before."""
    program = f"{imports}\nimport calcitrack.assess.revise, inspect, types\n"
    program += "print(list(inspect.signature(assess).parameters)[0], isinstance(calcitrack.assess.revise, types.ModuleType), callable(assess))"
    assert run(program) == "timeline True True"


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_shows_its_signature_and_its_docstring(name: str) -> None:
    """`inspect` and `help` show those of the function that is called."""
    package = getattr(calcitrack, name)
    function = getattr(package, name)
    assert isinstance(package, CallablePackage)
    assert inspect.isfunction(function)
    assert inspect.signature(package) == inspect.signature(function)
    assert str(inspect.getdoc(function)) in package.__doc__
    assert str(function.__doc__).splitlines()[0] in pydoc.render_doc(package)


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_pickles_by_name_and_is_its_own_copy(name: str) -> None:
    """What is sent to another process is the name; a copy is the package itself."""
    package = getattr(calcitrack, name)
    assert pickle.loads(pickle.dumps(package)) is package  # noqa: S301 made here
    assert copy.deepcopy(package) is package
    assert copy.copy(package) is package
