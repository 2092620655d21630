"""Mend what other tools write into the pages: accessibility faults, and pictures too heavy."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import tinycss2
from PIL import Image
from tinycss2 import serialize

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata
    from tinycss2.ast import Node

REPAIRS = {
    # docutils gives the items of a list of citations a role that ARIA has withdrawn.
    ' role="doc-biblioentry"': ' role="listitem"',
    # sphinx-gallery writes a row for tags, with one id, into every section of one page.
    "<div id='sg-tag-list' class='sphx-glr-tag-list'></div>": "",
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
# of the whole site, and a script for icons of one's own, which it has none of. sphinx-gallery gives
# every page what it would need for tags, for data frames and for running pages on a server.
UNUSED_SCRIPT = r'\s*<script [^>]*src="[^"]*\b(?:%s)\.js[^"]*"></script>'
UNUSED = re.compile(
    UNUSED_SCRIPT % "fontawesome|sg-tags"
    + r'|\s*<link [^>]*href="[^"]*\bsg_gallery-(?:binder|dataframe|rendered-html)\.css[^>]*>'
)
SEARCH_SCRIPT = re.compile(UNUSED_SCRIPT % "searchtools|language_data|searchindex")
# These wait for the whole page anyway, but hold up its first picture unless they say so.
WAITING_SCRIPT = re.compile(
    r'<script (src="[^"]*\b(?:doctools|sphinx_highlight|clipboard\.min|copybutton)\.js)'
)

# The style sheets of every page, in their order. The theme's own only imports the first.
SHEETS = [
    "basic.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "copybutton.css",
    "sg_gallery.css",
    "custom.css",
]
SHEET_LINK = re.compile(
    r'\s*<link [^>]*href="(?P<static>[^"]*\b_static/)(?:'
    + "|".join(map(re.escape, [*SHEETS, "styles/theme.css", "styles/site.css"]))
    + r')[?"][^>]*>'
)

# Words that may be the name of a class.
WORD = re.compile(r"[\w-]+")


def repair_markup(app: Sphinx, exception: Exception | None) -> None:
    """Replace faulty markup and take out scripts without a use, in every page."""
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        repaired = UNUSED.sub("", PLAIN_TYPE.sub(r"\1", text))
        if path.name != "search.html":
            repaired = SEARCH_SCRIPT.sub("", WAITING_SCRIPT.sub(r"<script defer \1", repaired))
        for fault, repair in REPAIRS.items():
            repaired = repaired.replace(fault, repair)
        if repaired != text:
            path.write_text(repaired, encoding="utf-8")


def split_at_commas(prelude: list[Node]) -> list[list[Node]]:
    """Return the selectors of a rule."""
    selectors: list[list[Node]] = [[]]
    for node in prelude:
        if node == ",":
            selectors.append([])
        else:
            selectors[-1].append(node)
    return selectors


def used(selector: list[Node], words: set[str]) -> bool:
    """Say whether all classes of a selector occur in a page or a script."""
    return all(
        name.type != "ident" or name.value in words
        for dot, name in pairwise(selector)
        if dot == "."
    )


def used_rules(rules: list[Node], words: set[str]) -> str:
    """Write the rules that may apply to a page."""
    kept = []
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword in {"media", "supports"}:
            inner = used_rules(tinycss2.parse_blocks_contents(rule.content), words)
            kept += [f"@{rule.at_keyword}{serialize(rule.prelude)}{{{inner}}}"] if inner else []
        elif rule.type != "qualified-rule":
            kept.append(rule.serialize())
        elif selectors := [
            serialize(selector)
            for selector in split_at_commas(rule.prelude)
            if used(selector, words)
        ]:
            kept.append(f"{','.join(selectors)}{{{serialize(rule.content)}}}")
    return "".join(kept)


def bundle_styles(app: Sphinx, exception: Exception | None) -> None:
    """Put the style sheets that every page has into one, without the rules that no page needs.

    Nine tenths of the theme's rules are for what this site does not have.
    """
    static = Path(app.outdir, "_static")
    pages = {
        path: path.read_text(encoding="utf-8") for path in sorted(Path(app.outdir).rglob("*.html"))
    }
    scripts = [path.read_text(encoding="utf-8") for path in static.rglob("*.js")]
    words = {word for text in [*pages.values(), *scripts] for word in WORD.findall(text)}
    bundle = ""
    for name in SHEETS:
        text = Path(static, name).read_text(encoding="utf-8")
        rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
        bundle += used_rules(rules, words)
    (static / "styles" / "site.css").write_text(bundle, encoding="utf-8")
    version = hashlib.sha256(bundle.encode()).hexdigest()[:8]
    for path, text in pages.items():
        if link := SHEET_LINK.search(text):
            one = f'<link rel="stylesheet" href="{link["static"]}styles/site.css?v={version}" />'
            bundled = SHEET_LINK.sub("", text).replace("</title>", f"</title>\n    {one}", 1)
            if bundled != text:
                path.write_text(bundled, encoding="utf-8")


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
    # The theme writes the colours of code at the end, too.
    app.connect("build-finished", bundle_styles, priority=900)
    app.connect("build-finished", shrink_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
