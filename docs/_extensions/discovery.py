"""What search engines and previews are told of the pages: all addresses, and what a name means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from docutils import nodes
from sphinx import addnodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Take the first sentence of a docstring as the description of its page."""
    content = doctree and doctree.next_node(addnodes.desc_content)
    first = content and content.next_node(nodes.paragraph)
    if first:
        words = " ".join(first.astext().split())
        context["meta"] = {"og:description": words, **(context.get("meta") or {})}


def write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    """Write the address of every page that is meant to be found.

    The pages are those that Sphinx knows, not those that it writes: a build in which little has
    changed writes few.
    """
    if exception is not None:
        return
    pages = ET.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for page in sorted(app.env.found_docs):
        if page != "404":
            address = app.config.html_baseurl + app.builder.get_target_uri(page)
            ET.SubElement(ET.SubElement(pages, "url"), "loc").text = address
    ET.indent(pages)
    ET.ElementTree(pages).write(
        Path(app.outdir, "sitemap.xml"), encoding="utf-8", xml_declaration=True
    )


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect both to the build."""
    # After formulas have become plain text, before the description is taken.
    app.connect("html-page-context", describe, priority=450)
    app.connect("build-finished", write_sitemap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
