"""Mend what other tools write into the pages: accessibility faults, and pictures too heavy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

REPAIRS = {
    # docutils gives the items of a list of citations a role that ARIA has withdrawn.
    ' role="doc-biblioentry"': ' role="listitem"',
    # sphinx-gallery writes a row for tags, with one id, into every section of one page.
    "<div id='sg-tag-list' class='sphx-glr-tag-list'></div>": "",
    # matplotlib's films begin by themselves. They have no sound, so they need no captions.
    " controls autoplay loop>": " controls loop muted playsinline>",
    # The theme's switch for a part of the table of contents is an icon without a name.
    "<summary><span": '<summary aria-label="Show or hide the pages below"><span',
}

# sphinx-gallery links every variable to the page of its type. Where that is a plain number, a text
# or an array, it tells nothing, and weighs more than the code.
PLAIN_TYPE = re.compile(
    r'<a class="sphx-glr-backref-module-(?:builtins|numpy) [^"]*sphx-glr-backref-instance[^>]*>'
    r"(.*?)</a>"
)

# The theme gives every page the tools of its search-as-you-type, which is off here, with the index
# of the whole site, and a script for icons of one's own, which it has none of.
UNUSED_SCRIPT = r'\s*<script [^>]*src="[^"]*\b(?:%s)\.js[^"]*"></script>'
ICON_SCRIPT = re.compile(UNUSED_SCRIPT % "fontawesome")
SEARCH_SCRIPT = re.compile(UNUSED_SCRIPT % "searchtools|language_data|searchindex")


# A rule of the theme that gives an icon its character.
ICON = re.compile(r"\bfa-[\w-]+")
ICON_RULE = re.compile(r"\.fa-[\w-]+(?:,\.fa-[\w-]+)*\{--fa:[^}]*\}")


def repair_markup(app: Sphinx, exception: Exception | None) -> None:
    """Replace faulty markup and take out scripts without a use, in every page."""
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        repaired = ICON_SCRIPT.sub("", PLAIN_TYPE.sub(r"\1", text))
        if path.name != "search.html":
            repaired = SEARCH_SCRIPT.sub("", repaired)
        for fault, repair in REPAIRS.items():
            repaired = repaired.replace(fault, repair)
        if repaired != text:
            path.write_text(repaired, encoding="utf-8")


def drop_unused_icons(app: Sphinx, exception: Exception | None) -> None:
    """Take the rules of icons that no page shows out of the theme's style sheet."""
    used: set[str] = set()
    for path in Path(app.outdir).rglob("*.html"):
        used.update(ICON.findall(path.read_text(encoding="utf-8")))
    for path in Path(app.outdir, "_static", "styles").glob("*.css"):
        text = path.read_text(encoding="utf-8")
        kept = ICON_RULE.sub(
            lambda rule: rule[0] if used.intersection(ICON.findall(rule[0])) else "", text
        )
        if kept != text:
            path.write_text(kept, encoding="utf-8")


def shrink_pictures(app: Sphinx, exception: Exception | None) -> None:
    """Give line drawings a palette, a third of the bytes for the same picture."""
    for path in Path(app.outdir, "_images").glob("*.png"):
        with Image.open(path) as picture:
            if picture.mode == "P":
                continue
            colors, method = 256, Image.Quantize.MEDIANCUT
            if path.stem.endswith("_thumb"):
                # Fewer colours, of which none that stands out is lost.
                colors, method = 128, Image.Quantize.MAXCOVERAGE
            palette = picture.convert("RGB").quantize(
                colors, method=method, dither=Image.Dither.NONE
            )
        palette.save(path, optimize=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the repairs to the build."""
    app.connect("build-finished", repair_markup)
    app.connect("build-finished", drop_unused_icons)
    app.connect("build-finished", shrink_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
