"""How the documentation site is built: `make docs`; every warning is an error."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from made_pages import make_pages

from deflator import __version__

project = "Deflator"
author = "The Deflator contributors"
copyright = "the Deflator contributors, Apache-2.0"
version = release = __version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_ivar = True
default_role = "code"
add_module_names = False
nitpicky = False


html_math_renderer = "mathml"
html_theme = "furo"
html_title = "Deflator"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"footer_icons": [], "top_of_page_buttons": []}


def setup(app: object) -> None:
    """Write the pages that are made from the program before anything is read."""
    make_pages(Path(__file__).parent)
