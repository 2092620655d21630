"""Mend what other tools write into the pages: accessibility faults, and files too heavy."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import tinycss2
from fontTools import subset
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
# The theme asks for its scripts, which wait for the whole page, before the style that shows it.
PRELOADED_SCRIPT = re.compile(r'\s*<link rel="preload" as="script"[^>]*>')
# A script of three lines that every page waits for stands in the page itself.
OPTIONS_SCRIPT = re.compile(r'<script src="[^"]*\bdocumentation_options\.js[^"]*"></script>')
# These wait for the whole page anyway, but hold up its first picture unless they say so.
WAITING_SCRIPT = re.compile(
    r'<script (src="[^"]*\b(?:doctools|sphinx_highlight|clipboard\.min|copybutton)\.js)'
)

# The figures of the gallery. Room is left for them before they come, and all but the one of the
# front page come when they are scrolled into view.
FIGURE = re.compile(
    r'<img src="[^"]*_images/(?P<name>[^"/]+)"'
    r'[^>]* class = "sphx-glr-(?:single|multi)-img"(?! width)'
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

# Names of classes and of elements in a page, and words of a script that may be such names, but for
# those parts of Bootstrap that the theme does not use.
NAMES = re.compile(r"""\b(?:class|id)=(?:"([^"]*)"|'([^']*)')""")
WORD = re.compile(r"(?!(?:alert|carousel|list-group|modal|offcanvas|popover|toast)\b)[\w-]+")


# The code points of icons, in the font of icons that every page loads.
ICONS = re.compile("[\ue000-\uf8ff]")
ICON_FONT = Path("_static", "vendor", "fontawesome", "webfonts", "fa-solid-900.woff2")


def placed(figure: re.Match[str], images: Path, *, lazy: bool) -> str:
    """Return the tag of a figure, as far as it was matched, with its width and height."""
    with Image.open(images / figure["name"]) as picture:
        width, height = picture.size
    loading = ' loading="lazy"' if lazy else ""
    return f'{figure[0]} width="{width}" height="{height}"{loading}'


def repair_markup(app: Sphinx, exception: Exception | None) -> None:
    """Replace faulty markup and take out scripts without a use, in every page."""
    out = Path(app.outdir)
    options = (out / "_static" / "documentation_options.js").read_text(encoding="utf-8")
    for path in out.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        repaired = UNUSED.sub("", PLAIN_TYPE.sub(r"\1", PRELOADED_SCRIPT.sub("", text)))
        repaired = OPTIONS_SCRIPT.sub(lambda _: f"<script>{options}</script>", repaired)
        if path.name != "search.html":
            repaired = SEARCH_SCRIPT.sub("", WAITING_SCRIPT.sub(r"<script defer \1", repaired))
        place = partial(placed, images=out / "_images", lazy=path.parent != out)
        repaired = FIGURE.sub(place, repaired)
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
    """Say whether all classes and elements that a selector names occur in a page or a script."""
    classes = (name for dot, name in pairwise(selector) if dot == "." and name.type == "ident")
    elements = (name for name in selector if name.type == "hash")
    return all(name.value in words for name in [*classes, *elements])


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
    words = {
        word
        for text in pages.values()
        for names in NAMES.findall(text)
        for word in " ".join(names).split()
    }
    for path in static.rglob("*.js"):
        words.update(WORD.findall(path.read_text(encoding="utf-8")))
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


def shrink_icons(app: Sphinx, exception: Exception | None) -> None:
    """Leave in the font of icons those that the site shows, a dozen of some fourteen hundred."""
    style = Path(app.outdir, "_static", "styles", "site.css").read_text(encoding="utf-8")
    options = subset.Options(flavor="woff2")
    path = Path(app.outdir, ICON_FONT)
    font = subset.load_font(path, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(ICONS.findall(style)))
    subsetter.subset(font)
    subset.save_font(font, path, options)


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
    app.connect("build-finished", shrink_icons, priority=950)
    app.connect("build-finished", shrink_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
