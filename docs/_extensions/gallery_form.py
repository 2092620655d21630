"""Hold every page of the gallery to its form, name its films, fold the answers of its exercises.

A page that closes with exercises says what it assumes, answers each, and says where to read on.
The scripts write all of this as plain text, which reads well in a notebook too: here only the page
of the site is changed.
"""

from __future__ import annotations

import html
import json
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

import stabsim

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

PAGE = re.compile(r"gallery/\w+/plot_\w+")
EXERCISE = re.compile(r"Exercise (\d+)\.")
ANSWER = "Answer."
# The title of a figure, in the code that draws it, and the tag of the film that matplotlib makes.
TITLE = re.compile(r'suptitle\(\s*"([^"]+)"')
FILM = re.compile(r"(<video [^>]*controls) autoplay( loop)?>")
# A link of the last section is to one of each.
READ_ON = {
    "theory": re.compile(r"/?\w*theory|stabsim\.theory\..*"),
    "API": re.compile(r"stabsim\..*"),
    "gallery": re.compile(r"sphx_glr_gallery_.*|/?gallery/index|/?explorer"),
}


class answer(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """An answer that stays folded until it is asked for."""


def lead(node: nodes.Node) -> str:
    """Return the bold words that a paragraph begins with."""
    if isinstance(node, nodes.paragraph) and isinstance(node.next_node(), nodes.strong):
        return node.next_node().astext()
    return ""


def section_named(document: nodes.document, title: str) -> nodes.section | None:
    """Return the section with a title."""
    for section in document.findall(nodes.section):
        if section[0].astext() == title:
            return section
    return None


def fold_answers(section: nodes.section) -> None:
    """Move what follows each answer's first words, up to the next exercise, into one node."""
    folded: answer | None = None
    for child in list(section.children):
        words = lead(child)
        if EXERCISE.fullmatch(words):
            folded = None
        elif words == ANSWER:
            folded = answer()
            child.replace_self(folded)
            child.remove(child.next_node(nodes.strong))
            child[0] = nodes.Text(child[0].astext().lstrip())
            folded += child
        elif folded is not None:
            section.remove(child)
            folded += child


def name_films(document: nodes.document) -> list[str]:
    """Let films wait for the reader, name each by its figure's title, and return what is amiss.

    They have no sound, so they need no captions.
    """
    problems, titles = [], []
    for node in document.findall(lambda node: isinstance(node, nodes.literal_block | nodes.raw)):
        text = node.astext()
        titles += TITLE.findall(text)
        if not FILM.search(text):
            continue
        if not titles:
            problems.append("has a film of a figure without a title")
            continue
        label = html.escape(f"Film: {titles[-1]}")
        tag = rf'\1\2 muted playsinline aria-label="{label}">'
        node.children = [nodes.Text(FILM.sub(tag, text))]
        node.rawsource = node.astext()
    return problems


def complaints(document: nodes.document) -> list[str]:
    """Return what a page of the gallery lacks of its form."""
    problems = []
    leads = [lead(paragraph) for paragraph in document.findall(nodes.paragraph)]
    if "What this assumes." not in leads:
        problems.append("does not say what it assumes")
    exercises = [int(match[1]) for match in map(EXERCISE.fullmatch, leads) if match]
    if exercises not in ([1, 2], [1, 2, 3]) or leads.count(ANSWER) != len(exercises):
        problems.append(f"needs two or three exercises with answers, got {exercises}")
    closing = section_named(document, "Read on")
    if closing is None:
        problems.append("must close with the section 'Read on'")
    else:
        targets = [link["reftarget"] for link in closing.findall(addnodes.pending_xref)]
        problems += [
            f"has no link to the {place} under 'Read on'"
            for place, pattern in READ_ON.items()
            if not any(map(pattern.fullmatch, targets))
        ]
    return problems


class GalleryForm(SphinxTransform):
    """Check the form of a page of the gallery, name its films, and fold its answers."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:
        """Transform one document."""
        section = section_named(self.document, "Exercises")
        if section is None or not PAGE.fullmatch(self.env.docname):
            return
        for problem in complaints(self.document) + name_films(self.document):
            logger.warning("the page %s", problem, location=self.env.docname)
        fold_answers(section)


def check_examples(app: Sphinx, env: BuildEnvironment) -> None:
    """Complain of every function and class of the reference that no page of the gallery uses.

    What only other classes build upon is used where one of them is.
    """
    path = Path(app.srcdir, "gallery", "backreferences", "backreferences_all.json")
    if not path.exists():  # as in a build without the gallery
        return
    used = json.loads(path.read_text(encoding="utf-8")).keys()
    for name, entry in env.domaindata["py"]["objects"].items():
        if entry.aliased or entry.objtype not in {"function", "class"}:
            continue
        module, _, short = name.rpartition(".")
        # Some names of a module are names of the package, too, and recorded as such.
        names = {name}
        documented = getattr(import_module(module), short, None)
        if getattr(stabsim, short, stabsim) is documented:
            names.add(f"stabsim.{short}")
        if isinstance(documented, type):
            names.update(f"stabsim.{kind.__name__}" for kind in documented.__subclasses__())
        if used.isdisjoint(names):
            logger.warning("no page of the gallery uses %s", name, location=entry.docname)


def open_answer(translator: HTML5Translator, node: answer) -> None:
    """Begin a fold."""
    translator.body.append('<details class="answer"><summary>Answer</summary>')


def close_answer(translator: HTML5Translator, node: answer) -> None:
    """End a fold."""
    translator.body.append("</details>")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the fold and the checks."""
    app.add_node(answer, html=(open_answer, close_answer))
    app.add_transform(GalleryForm)
    app.connect("env-check-consistency", check_examples)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
