"""Typeset formulas as MathML while the site is built.

The pages then need neither a script nor a font from anywhere: every current browser lays out
MathML Core. latex2mathml does the translation; this module turns its output, which targets the
larger MathML 3, into MathML Core, and refuses what did not translate.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, tostring

from docutils import nodes
from latex2mathml.converter import Converter
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

ARITY = {
    "mfrac": 2,
    "mroot": 2,
    "msub": 2,
    "msup": 2,
    "mover": 2,
    "munder": 2,
    "msubsup": 3,
    "munderover": 3,
}
SCRIPTED = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
# MathML Core dropped the named lengths of MathML 3.
NAMED_SPACES = {
    "negativethinmathspace": "-0.167em",
    "negativemediummathspace": "-0.222em",
    "negativethickmathspace": "-0.278em",
}
# Relations and operators that latex2mathml sets as identifiers, without the space around them.
OPERATORS = {"~": "∼", "∼": "∼", "∘": "∘", "∣": "∣", "⊤": "⊤"}
# Operators whose subscript goes underneath in a display.
LIMITS = {"lim", "max", "min", "sup", "inf"}
# latex2mathml knows split, but not aligned, which differs from it only in where it may stand.
ALIGNED = re.compile(r"\\(begin|end)\{aligned\}")
ENVIRONMENTS = {
    "align*",
    "array",
    "Bmatrix",
    "bmatrix",
    "cases",
    "matrix",
    "pmatrix",
    "split",
    "vmatrix",
    "Vmatrix",
}


class FormulaError(ValueError):
    """A formula that has no faithful MathML."""


def to_mathml(tex: str, *, display: bool) -> str:
    """Translate one TeX formula to a ``<math>`` element of MathML Core.

    Parameters
    ----------
    tex : str
        The formula, without delimiters.
    display : bool
        Whether the formula stands on its own line.

    Returns
    -------
    str
        The element, with the TeX source as its alternative text.

    Raises
    ------
    FormulaError
        If a command or an environment is unknown, or an argument is missing.
    """
    source = ALIGNED.sub(r"\\\1{split}", tex)
    unknown = set(re.findall(r"\\begin\{([^}]*)\}", source)) - ENVIRONMENTS
    if unknown:
        raise FormulaError(f"unknown environment {', '.join(sorted(unknown))}")
    try:
        math = Converter(display="block" if display else "inline").convert_to_element(source)
    except Exception as error:  # latex2mathml has some twenty unrelated exception classes
        raise FormulaError(type(error).__name__) from error
    for element in math.iter():
        _to_core(element, display=display)
    _space_functions(math)
    math.set("alttext", " ".join(tex.split()))
    return tostring(math, encoding="unicode")


def _to_core(element: Element, *, display: bool) -> None:
    text = html.unescape(element.text or "")
    if "\\" in text:
        raise FormulaError(f"unknown command {text}")
    if len(element) != ARITY.get(element.tag, len(element)):
        raise FormulaError(f"{element.tag} lacks an argument")
    if element.get("linebreak"):
        raise FormulaError("a line break needs an environment such as aligned")
    if display and element.tag == "msub" and element[0].text in LIMITS:
        element.tag = "munder"
    if element.tag == "mtext":
        # The browser trims plain spaces at the ends of a text.
        text = re.sub(r"^\s+|\s+$", lambda blank: "\N{NO-BREAK SPACE}" * len(blank[0]), text)
    if element.tag == "mi" and text in OPERATORS:
        element.tag, text = "mo", OPERATORS[text]
    if element.tag == "mo" and text in {"‖", "|"} and element.get("fence") is None:
        # Bars written without \left and \right stay as tall as the letters.
        element.attrib.update(stretchy="false", lspace="0", rspace="0")
    if element.tag == "mo" and text == "/":
        element.attrib.update(lspace="0", rspace="0")
    if (width := element.get("width")) in NAMED_SPACES:
        element.set("width", NAMED_SPACES[width])
    if element.tag == "mi" and re.fullmatch("[Α-Ω]", text):
        # TeX sets capital Greek upright, MathML slants every single letter.
        element.attrib.setdefault("mathvariant", "normal")
    variant = element.get("mathvariant", "")
    if variant.startswith("bold"):
        del element.attrib["mathvariant"]
        text = "".join(_bold(character, italic=variant == "bold-italic") for character in text)
        if len(text) == 1 and variant == "bold":
            element.set("mathvariant", "normal")
    element.text = text or None


def _bold(character: str, *, italic: bool) -> str:
    """Return the mathematical bold letter, since Core has no ``mathvariant="bold"``."""
    style = "BOLD ITALIC" if italic and character.isalpha() else "BOLD"
    name = unicodedata.name(character)
    plain = re.sub(r"LATIN |GREEK |LETTER |DIGIT ", "", name)
    try:
        kind = "DIGIT " if character.isdigit() else ""
        return unicodedata.lookup(f"MATHEMATICAL {style} {kind}{plain}")
    except KeyError:
        raise FormulaError(f"there is no bold {character}") from None


def _space_functions(parent: Element) -> None:
    """Give ``ln``, ``det``, ``erf`` the spaces that TeX gives them, which Core does not."""
    children = list(parent)
    for position, child in enumerate(children):
        base = child
        while base.tag in SCRIPTED and len(base):
            base = base[0]
        if base.tag in {"mi", "mo"} and re.fullmatch(r"[^\W\d_]{2,}.*", base.text or ""):
            before = children[position - 1] if position else None
            after = children[position + 1] if position + 1 < len(children) else None
            base.tag = "mo"
            base.set("form", "prefix")
            base.set("lspace", "0" if before is None or before.tag == "mo" else "0.167em")
            base.set("rspace", "0" if after is None or _opens(after) else "0.167em")
        if child.tag not in SCRIPTED:
            _space_functions(child)
        else:
            for script in child:
                _space_functions(script)


def _opens(element: Element) -> bool:
    while len(element) and element.tag != "mtable":
        element = element[0]
    return element.tag == "mo" and (element.text or "") in "([{|‖"


def _convert(self: HTML5Translator, node: nodes.Element, *, display: bool) -> str:
    tex = node.astext()
    try:
        return to_mathml(tex, display=display)
    except FormulaError as error:
        logger.warning("no MathML for %r: %s", tex, error, location=node, type="mathml")
        return html.escape(tex)


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    self.body.append(_convert(self, node, display=False))
    raise nodes.SkipNode


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on its own line, with its number if it has one."""
    self.body.append(self.starttag(node, "div", CLASS="math notranslate"))
    # The box scrolls a formula that is wider than the page; the number stays in view.
    self.body.append('<div class="formula">' + _convert(self, node, display=True) + "</div>")
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


class KeepPunctuation(SphinxPostTransform):
    """Keep a formula and the punctuation after it on one line.

    A browser may break the line there, because it takes a formula for a picture.
    """

    default_priority = 500

    def run(self, **kwargs: Any) -> None:
        """Wrap each pair of a formula and the mark that follows it."""
        for formula in list(self.document.findall(nodes.math)):
            following = formula.next_node(nodes.Text, descend=False, siblings=True)
            mark = re.match(r"[,.;:!?)]+", following or "")
            if mark and formula.parent.index(following) == formula.parent.index(formula) + 1:
                pair = nodes.inline("", "", classes=["text-nowrap"])
                formula.replace_self(pair)
                pair += [formula, nodes.Text(mark[0])]
                following.parent.replace(following, nodes.Text(following[mark.end() :]))


def plain_formulas(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Leave plain text where formulas were, for the description that previews take of a page."""
    for formula in list(doctree.findall(nodes.math)) if doctree else ():
        letters = re.sub("<[^>]*>", "", to_mathml(formula.astext(), display=False))
        formula.replace_self(nodes.Text(html.unescape(letters)))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the renderer under the name ``mathml``."""
    inline: Any = (visit_inline, None)
    display: Any = (visit_display, None)
    app.add_html_math_renderer("mathml", inline_renderers=inline, block_renderers=display)
    app.add_post_transform(KeepPunctuation)
    # After the page is written, before the description is taken.
    app.connect("html-page-context", plain_formulas, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
