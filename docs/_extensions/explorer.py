"""The explorer: tables that stabsim computes for it, and the markup that they go into.

Its page must work with no server, so the tables are a script, which a page may load from a file. It
is loaded after the page is shown. They are computed anew only when the code that they come from has
changed.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from docutils import nodes
from jinja2 import Environment, FileSystemLoader
from sphinx.util.docutils import SphinxDirective

from stabsim import activations, initializers, precision, theory
from stabsim._gaussian_expectation import expectation
from stabsim.precision import NumberFormat
from stabsim.theory import _activation_moments as moments

if TYPE_CHECKING:
    from docutils.nodes import Node
    from numpy.typing import NDArray
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from stabsim.activations import Activation

DOCS = Path(__file__).parents[1]
PACKAGE = Path(activations.__file__).parent
TABLES = "explorer-tables.js"
TEMPLATE = DOCS / "_templates" / "explorer.html"
SOURCES = [
    Path(__file__),
    PACKAGE / "activations.py",
    PACKAGE / "precision.py",
    PACKAGE / "_gaussian_expectation.py",
    *sorted((PACKAGE / "_kernels").glob("*.py")),
    *sorted((PACKAGE / "initializers").glob("*.py")),
    *sorted((PACKAGE / "theory").glob("*.py")),
]

# The grid of ln q. Seventh-degree interpolation on it is good to about 1e-5; beyond it every moment
# is a power of q.
FIRST, STEP, COUNT = -24.0, 1.0 / 3.0, 145
# Mean squares are followed through many layers, fluctuations are small corrections.
MEAN_DECIMALS, SPREAD_DECIMALS = 6, 4
# Beyond this variance the moments of the sine are at their limits, to rounding.
LONGEST_SINE = 20.0
BIASES = np.linspace(0.0, 2.0, 41)

CODES = {
    "bfloat16": (8, 7, math.log(2.0 - 2.0**-7)),
    "float8_e5m2": (5, 2, math.log(1.75)),
    # It gives the largest exponent to numbers too, all but one pattern that is no number.
    "float8_e4m3fn": (4, 3, math.log(3.5)),
}


def coded(name: str) -> NumberFormat:
    """Return a format from its bits: those of the exponent, of the fraction, and its largest."""
    exponent_bits, fraction_bits, log_largest_fraction = CODES[name]
    bias = 2 ** (exponent_bits - 1) - 1
    log_min_normal = (1 - bias) * math.log(2.0)
    return NumberFormat(
        name,
        log_largest_fraction + bias * math.log(2.0),
        log_min_normal,
        log_min_normal - fraction_bits * math.log(2.0),
    )


def formats() -> list[NumberFormat]:
    """Return all number formats, from the narrowest range to the widest."""
    known = {name: coded(name) for name in CODES}
    known |= {name: precision.get(name) for name in precision.names()}
    return sorted(known.values(), key=lambda held: held.log_max - held.log_min_subnormal)


def moment_table(activation: Activation) -> list[list[float]]:
    r"""Return logarithms of moments on the grid, one number where they do not depend on q.

    With :math:`h = \sqrt q Z` they are :math:`E\varphi(h)^2 / q` and :math:`E\varphi'(h)^2`; then,
    divided by squares and products of these, :math:`E\varphi(h)^4`, :math:`E\varphi'(h)^4` and
    :math:`E\varphi(h)^2\varphi'(h)^2`.
    """
    homogeneous = moments.slopes(activation) is not None
    log_q = np.zeros(1) if homogeneous else FIRST + STEP * np.arange(COUNT)
    q = np.exp(log_q)
    square = theory.length_map(activation, q, sigma_w=1.0)
    slope = theory.susceptibility(activation, q, sigma_w=1.0)
    reach = np.minimum(q, LONGEST_SINE) if activation.name == "sine" else q

    def mean(function: Any) -> NDArray[np.float64]:
        return expectation(function, reach, kinks=moments.kinks(activation))

    ratios = [
        mean(lambda h: activation(h) ** 4) / square**2,
        mean(lambda h: activation.derivative(h) ** 4) / slope**2,
        mean(lambda h: (activation(h) * activation.derivative(h)) ** 2) / (square * slope),
    ]
    means = [np.log(square / q), np.log(slope)]
    return [row.round(MEAN_DECIMALS).tolist() for row in means] + [
        np.log(row).round(SPREAD_DECIMALS).tolist() for row in ratios
    ]


def critical_points(activation: Activation) -> list[list[Any]]:
    """Return the critical line as (sigma_b, sigma_w, stable), where there is one."""
    line = theory.critical_line(activation, BIASES)
    points = zip(BIASES, line.sigma_w, line.stable, line.exists, strict=True)
    return [
        [round(float(bias), 4), round(float(weight), 5), bool(stable)]
        for bias, weight, stable, exists in points
        if exists
    ]


def independent_inits() -> dict[str, list[float]]:
    r"""Return what makes the scales of square layers of width n, for every initializer.

    They are :math:`\sigma_w = a n^p` and :math:`\sigma_b = b n^{-1/2}`. Constant and orthogonal
    weights are not independent with mean 0, as the theory wants them.
    """
    found = {}
    for name in initializers.names():
        init = initializers.get(name)
        if init.distribution not in {"constant", "orthogonal"}:
            one, four = (float(init.weight_std(n, n)) * math.sqrt(n) for n in (1, 4))
            found[name] = [one, math.log(four / one) / math.log(4.0), float(init.bias_std(1))]
    return found


def computed_tables() -> dict[str, Any]:
    """Compute everything that the page's script needs."""
    functions = {name: activations.get(name) for name in activations.names()}
    return {
        "grid": {"first": FIRST, "step": STEP, "count": COUNT},
        "activations": {
            name: {"moments": moment_table(function), "critical": critical_points(function)}
            for name, function in functions.items()
        },
        "inits": independent_inits(),
        "formats": [
            {
                "name": held.name,
                "logMax": held.log_max,
                "logMinNormal": held.log_min_normal,
                "logMinSubnormal": held.log_min_subnormal,
            }
            for held in formats()
        ],
    }


def tables(folder: Path) -> str:
    """Return the tables as JSON, from the folder where the same code has left them before."""
    content = hashlib.sha256()
    for source in SOURCES:
        content.update(source.read_bytes())
    path = folder / f"explorer-{content.hexdigest()[:16]}.json"
    if not path.exists():
        for old in folder.glob("explorer-*.json"):
            old.unlink()
        path.write_text(json.dumps(computed_tables(), separators=(",", ":")), encoding="utf-8")
    return path.read_text(encoding="utf-8")


class Explorer(SphinxDirective):
    """``.. explorer::`` is the tool itself: controls, drawings and tables."""

    def run(self) -> list[Node]:
        """Return the markup with its tables."""
        for source in [TEMPLATE, *SOURCES]:
            self.env.note_dependency(str(source))
        computed = json.loads(tables(Path(self.env.doctreedir)))
        template = Environment(
            loader=FileSystemLoader(TEMPLATE.parent), autoescape=True, trim_blocks=True
        ).get_template(TEMPLATE.name)
        return [nodes.raw("", template.render(tables=computed), format="html")]


def add_assets(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give the explorer's page, and no other, its tables, script and style."""
    if pagename == "explorer":
        script = Path(app.outdir, "_static", TABLES)
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"const tables = {tables(Path(app.doctreedir))};\n", encoding="utf-8")
        app.add_css_file("explorer.css")
        app.add_js_file(TABLES, loading_method="defer")
        app.add_js_file("explorer.js", loading_method="defer", priority=900)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive and the page's own files."""
    app.add_directive("explorer", Explorer)
    app.connect("html-page-context", add_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
