"""Folders that tests read, and what happens when the external data are not there."""

from __future__ import annotations

import importlib.resources
import importlib.util
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes depends on what else the machine does. The same examples every time: a change is judged by what it changed, and other
# examples are looked for on purpose, with `pytest --hypothesis-profile explore`.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=500)
settings.load_profile("repeatable")

ROOT = Path(__file__).parent.parent
SHARED_VARIABLE = "CALCITRACK_SHARED"
CPU_PROPERTY = "cpu_s"


def _shared_folder() -> Path:
    """Where the external data would be: beside the checkout, or where the environment variable says."""
    return Path(os.environ.get(SHARED_VARIABLE) or ROOT.parent / "shared").resolve()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make check` holds the marker `slow` to what it says."""
    parser.addoption("--cpu-limit", type=float, metavar="SECONDS", help="fail where a test that is not marked slow takes more processor time")


def _cpu_s() -> float:
    """Processor time of this process and of those that it waited for, s: unlike the clock, it does not count what others do on the machine."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Note the processor time of a test, without its fixtures: those that tests share would fall to the first one."""
    before = _cpu_s()
    yield
    item.user_properties.append((CPU_PROPERTY, _cpu_s() - before))


def _too_slow(reporter: pytest.TerminalReporter, limit_s: float) -> list[str]:
    """Tests that passed without the marker and took longer."""
    spent = {r.nodeid: dict(r.user_properties).get(CPU_PROPERTY, 0.0) for r in reporter.stats.get("passed", []) if "slow" not in r.keywords}
    return [f"{name} took {seconds:.1f} s of processor time" for name, seconds in sorted(spent.items()) if seconds > limit_s]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """An unmarked slow test fails the run as a whole, in the process that reports."""
    limit_s, reporter = session.config.getoption("--cpu-limit"), session.config.pluginmanager.get_plugin("terminalreporter")
    if limit_s is not None and reporter is not None and _too_slow(reporter, limit_s) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `shared` where the external data do not exist."""
    if _shared_folder().is_dir():
        return
    left_out = [item for item in items if item.get_closest_marker("shared")]
    items[:] = [item for item in items if not item.get_closest_marker("shared")]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line that tests were left out, and why; and which ones are to be marked."""
    limit_s = terminalreporter.config.getoption("--cpu-limit")
    for line in [] if limit_s is None else _too_slow(terminalreporter, limit_s):
        terminalreporter.write_line(f"{line}, and {limit_s:g} s are allowed: mark it slow, or make it faster", red=True)
    if not _shared_folder().is_dir():
        terminalreporter.write_line(f"tests marked 'shared' left out: no folder shared beside the checkout, and {SHARED_VARIABLE} names none")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The external data: phantom set and real robustness corpus. Only for tests marked `shared`."""
    return _shared_folder()


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The sample data of the checkout; where the tests run against an installed wheel, those of the wheel."""
    checkout = ROOT / "sample_data"
    return checkout if checkout.is_dir() else Path(str(importlib.resources.files("calcitrack"))) / "_sample_data"


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """Small hand-made assessments whose every value is known: the functions of made_assessments.py."""
    return _module("made_assessments")


@pytest.fixture(scope="session")
def courses() -> ModuleType:
    """Burden series over time whose every value is known: the functions of made_courses.py."""
    return _module("made_courses")


@pytest.fixture(scope="session")
def drawn() -> ModuleType:
    """Films drawn from formulas, every value on them known: the functions of drawn_films.py."""
    return _module("drawn_films")


@pytest.fixture(scope="session")
def reviews() -> ModuleType:
    """Drawn films, measured and recorded in a workspace to be reviewed: the functions of made_reviews.py."""
    return _module("made_reviews")


@pytest.fixture(scope="session")
def films() -> ModuleType:
    """DICOM files of hand-made images, and independent programs: the functions of made_films.py."""
    return _module("made_films")


@pytest.fixture(scope="session")
def pacs_server() -> ModuleType:
    """Real PACS on this computer: orthanc_server.py. Tests are skipped where Orthanc is not installed."""
    module = _module("orthanc_server")
    if not module.is_installed():
        pytest.skip("no Orthanc on this computer: the Debian packages orthanc and orthanc-dicomweb bring it")
    return module


@pytest.fixture(scope="session")
def orthanc(pacs_server: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PACS for all tests of a process; each test sends it objects with UIDs of their own."""
    server = pacs_server.Orthanc(tmp_path_factory.mktemp("orthanc"))
    yield server
    server.end()


def _module(name: str) -> ModuleType:
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
