"""Configuration of the documentation site."""

import importlib.metadata
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

from local_inventories import write_inventories  # noqa: E402

project = "stabsim"
author = "The stabsim developers"
copyright = "The stabsim developers"
release = importlib.metadata.version("stabsim")
version = release

extensions = [
    "discovery",
    "explorer",
    "gallery_form",
    "mathml",
    "myst_parser",
    "notfound.extension",
    "numpydoc",
    "page_repairs",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
    "sphinxext.opengraph",
]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["_build", "_templates", "gallery/**/*.md5", "gallery/**/*.ipynb"]
templates_path = ["_templates"]
nitpicky = True
default_role = "py:obj"
# Bare names in first sentences, which the tables of the API repeat outside their own module.
nitpick_ignore = [("py:obj", "Activation"), ("py:obj", "FiniteSet"), ("py:obj", "sample")]

# API pages
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {
    "Axes": "matplotlib.axes.Axes",
    "DataFrame": "pandas.DataFrame",
    "Generator": "numpy.random.Generator",
    "SeedSequence": "numpy.random.SeedSequence",
    "StandardError": "stabsim.StandardError",
    "array_like": ":term:`numpy:array_like`",
    "callable": "collections.abc.Callable",
    "iterable": "collections.abc.Iterable",
    "matplotlib.axes.Axes": "matplotlib.axes.Axes",
    "numpy.random.SeedSequence": "numpy.random.SeedSequence",
    "pandas.DataFrame": "pandas.DataFrame",
    "Activation": "stabsim.activations.Activation",
    "Check": "stabsim.results.Check",
    "Checks": "stabsim.results.Checks",
    "Ensemble": "stabsim.ensembles.Ensemble",
    "ExactGrowth": "stabsim.theory.ExactGrowth",
    "GrowthLaw": "stabsim.theory.GrowthLaw",
    "NumberFormat": "stabsim.precision.NumberFormat",
    "FiniteSizeScaling": "stabsim.FiniteSizeScaling",
    "FussCatalan": "stabsim.theory.FussCatalan",
    "GeneralizedLyapunov": "stabsim.GeneralizedLyapunov",
    "LocalizationLength": "stabsim.LocalizationLength",
    "ProductSingularValues": "stabsim.ProductSingularValues",
    "RateFunction": "stabsim.results.RateFunction",
    "ExactSpectrum": "stabsim.theory.ExactSpectrum",
    "LyapunovSpectrum": "stabsim.LyapunovSpectrum",
    "ProductGrowth": "stabsim.ProductGrowth",
    "ndarray": "numpy.ndarray",
    "sequence": "collections.abc.Sequence",
}
numpydoc_xref_ignore = "all"
intersphinx_mapping = write_inventories(DOCS / "inventories", DOCS / "_build" / "inventories")

# References
bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"

# Gallery
sphinx_gallery_conf = {
    "examples_dirs": "../gallery",
    "gallery_dirs": "gallery",
    "subsection_order": [
        "../gallery/vanishing",
        "../gallery/exploding",
        "../gallery/cures",
        "../gallery/edge_of_chaos",
        "../gallery/number_formats",
        "../gallery/physics",
    ],
    "within_subsection_order": "FileNameSortKey",
    "filename_pattern": r"/plot_",
    "abort_on_example_error": False,
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("stabsim",),
    "reference_url": {"stabsim": None},
    "inspect_global_variables": True,
    "image_srcset": ["2x"],
    "matplotlib_animations": (True, "html5"),
    "reset_modules": ("figure_style.apply_style",),
    "reset_modules_order": "before",
    "capture_repr": (),
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 60,
    "write_computation_times": False,
    "default_thumb_file": str(DOCS / "_static" / "logo.svg"),
}

# Pages
html_theme = "pydata_sphinx_theme"
html_title = "stabsim"
# Where the site is served: previews, the sitemap and the page of missing pages need it.
html_baseurl = os.environ.get("STABSIM_SITE_URL", "http://localhost:8000/")
notfound_urls_prefix = urlsplit(html_baseurl).path
ogp_site_url = html_baseurl
ogp_image = "_images/sphx_glr_plot_1_xavier_001_2_00x.png"
ogp_image_alt = (
    "Fifty layers: small weights let gradients vanish, large ones explode, Xavier's carry"
)
ogp_social_cards = {"enable": False}
ogp_enable_meta_description = True
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_js_files = [("scrollable.js", {"defer": "defer"})]
html_favicon = "_static/logo.svg"
html_context = {"default_mode": "auto"}
html_copy_source = False
html_show_sourcelink = False
html_sidebars = {
    "404": [],
    "explorer": [],
    "index": [],
    "networks_theory": [],
    "performance": [],
    "scale": [],
    "spectra_theory": [],
    "stream_policy": [],
    "theory": [],
    "theory_overview": [],
    "user_guide": [],
    "verified": [],
    "which_tool": [],
}
html_theme_options = {
    "logo": {
        "text": "stabsim",
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo.svg",
    },
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_nav_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["citation"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
