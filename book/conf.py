"""How Sphinx builds the book; its sources are written by `graspbook.book`, see `make book`."""

from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile

project = "graspbook"
author = "The graspbook founders"
extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton"]
exclude_patterns = ["files/**"]

nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 4
myst_dmath_double_inline = True

# Of the offline MathJax one file is enough: formulas as SVG need no fonts, which some browsers refuse to a local page.
MATHJAX = "mathjax/tex-svg.js"
mathjax_path = MATHJAX

html_theme = "sphinx_book_theme"
html_title = "graspbook"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = ["search.js", "sidebar.js", "zoom.js", "ledger.js"]
html_context = {"default_mode": "auto"}
# nothing in a page says when it was built
html_last_updated_fmt = None
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = False
# pages of code have no place in the book's order: no list of pages beside them, which takes longest to draw
html_sidebars = {"code/**": ["navbar-logo.html", "search-button-field.html"]}
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    # only the list of the paper that one reads: with five papers the whole would be most of each page
    "collapse_navigation": True,
    "navbar_persistent": [],
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_exclude = ".linenos, .gp, .go"


def copy_mathjax(app, error):
    """Copy MathJax into the site."""
    if error is None:
        package = Path(find_spec("sphinx-mathjax-offline").origin).parent
        target = Path(app.outdir) / "_static" / MATHJAX
        target.parent.mkdir(parents=True, exist_ok=True)
        copyfile(package / "static" / MATHJAX, target)


def setup(app):
    """Called by Sphinx."""
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
