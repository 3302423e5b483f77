"""Sphinx configuration."""

from __future__ import annotations

from pathlib import Path

import calcitrack

HERE = Path(__file__).parent

project = "calcitrack"
author = "The calcitrack developers"
project_copyright = "the calcitrack developers, BSD-3-Clause"
release = version = calcitrack.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx_design"]
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
