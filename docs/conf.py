"""Sphinx configuration."""

from __future__ import annotations

from sphinx.application import Sphinx

import calcitrack
from calcitrack.measure.measurands import JOINT, MEASURANDS, TOTALS
from calcitrack.model.measurement import Measurand

project = "calcitrack"
author = "The calcitrack developers"
project_copyright = "the calcitrack developers, BSD-3-Clause"
release = version = calcitrack.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
default_role = "literal"  # `name` in a docstring is code
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True, "undoc-members": False}
numpydoc_show_class_members = False  # dataclass fields are described once, under Parameters
numpydoc_class_members_toctree = False

# Names of other projects are not linked: the build needs no network. Our own names must resolve.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!calcitrack).*"),
    (r"py:(class|obj)", r"calcitrack\.assess\.pipeline\.(ReadT|SceneT)"),  # type variables have no entry to link to
]

html_theme = "pydata_sphinx_theme"
html_title = "calcitrack"
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def measurand_table(measurands: tuple[Measurand, ...]) -> str:
    """Markdown table of a registry."""
    rows = [f"| `{m.name}` | {m.unit} | {m.definition.replace('|', chr(92) + '|')} | {m.reference} |" for m in measurands]
    return "\n".join(["| name | unit | definition | reference |", "|---|---|---|---|", *rows])


def fill_registries(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Put the registries where a page asks for them."""
    for marker, registry in (("@MEASURANDS@", MEASURANDS), ("@TOTALS@", TOTALS), ("@JOINT@", JOINT)):
        source[0] = source[0].replace(marker, measurand_table(registry))


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", fill_registries)
