// The explorer of networks at initialization: theory of wide networks, and its corrections of the
// first order in one over the width, from tables of Gaussian moments that stabsim computed.
// Logarithms are natural; x, s and g stand for logarithms of squares.
"use strict";

const LN10 = Math.log(10);
const LN2 = Math.LN2;
// 5 % and 95 % of a normal law lie this many standard deviations from its mean.
const NINETY_PERCENT = 1.6448536269514722;
const POINTS = 8;
const LONGEST = 69;

// ------------------------------------------------------------------------------- the mathematics

/** Return a table's value, slope and curvature at ln q, by interpolation of the seventh degree. */
function jet(table, logQ) {
  if (table.length === 1) return [table[0], 0, 0];
  const { first, step, count } = tables.grid;
  const last = first + step * (count - 1);
  const inside = Math.min(Math.max(logQ, first), last);
  const position = (inside - first) / step;
  const start = Math.min(Math.max(Math.floor(position) - 3, 0), count - POINTS);
  const t = position - start;
  const d = table.slice(start, start + POINTS);
  for (let k = 1; k < POINTS; k++) {
    for (let j = POINTS - 1; j >= k; j--) d[j] = (d[j] - d[j - 1]) / k;
  }
  let [value, slope, curvature] = [0, 0, 0];
  for (let k = POINTS - 1; k >= 0; k--) {
    curvature = curvature * (t - k) + 2 * slope;
    slope = slope * (t - k) + value;
    value = value * (t - k) + d[k];
  }
  if (inside === logQ) return [value, slope / step, curvature / step ** 2];
  // Beyond the grid moments are powers of q, or of its root.
  const power = Math.round((2 * slope) / step) / 2;
  return [value + power * (logQ - inside), power, 0];
}

/** Return ln E φ² with its derivatives. */
function meanSquare(activation, logQ) {
  const [value, slope, curvature] = jet(activation.moments[0], logQ);
  return [value + logQ, slope + 1, curvature];
}

/** Return ln E φ'² with its derivatives. */
function meanSlope(activation, logQ) {
  return jet(activation.moments[1], logQ);
}

/** Return the relative variances of one unit, and their covariance, of φ² and (φ' Z)². */
function noise(activation, logQ) {
  const [fourth, slopeFourth, mixed] = [2, 3, 4].map((i) => jet(activation.moments[i], logQ)[0]);
  return {
    signal: Math.expm1(fourth),
    gradient: 3 * Math.exp(slopeFourth) - 1,
    both: Math.expm1(mixed),
    mixed: Math.exp(mixed),
  };
}

/** Return ln(e^a + e^b). */
function logSum(a, b) {
  const larger = Math.max(a, b);
  return larger === -Infinity ? larger : larger + Math.log1p(Math.exp(Math.min(a, b) - larger));
}

/** Follow lengths up the layers, at infinite width. */
function limitLengths(activation, logWeight, logBias, depth) {
  const logQ = [NaN];
  const signal = [0];
  for (let l = 1; l <= depth; l++) {
    logQ.push(logSum(logWeight + signal[l - 1], logBias));
    signal.push(meanSquare(activation, logQ[l])[0]);
  }
  return { logQ, signal };
}

/** Return the logarithms of squared gradients at infinite width, relative to the output. */
function limitGradients(activation, logWeight, logQ) {
  const gradient = new Array(logQ.length).fill(0);
  for (let l = logQ.length - 1; l >= 1; l--) {
    gradient[l - 1] = gradient[l] + logWeight + meanSlope(activation, logQ[l])[0];
  }
  return gradient;
}

/** Follow mean and variance of logarithms up the layers, to the first order in 1/width. */
function signalsUp(activation, logWeight, logBias, depth, width) {
  const layers = [{ mean: 0, variance: 0, share: 1 }];
  let logQ = logSum(logWeight, logBias);
  let variance = 0;
  for (let l = 1; l <= depth; l++) {
    const [value, slope, curvature] = meanSquare(activation, logQ);
    const unit = noise(activation, logQ);
    const layer = {
      logQ,
      unit,
      lengthVariance: variance,
      slope,
      bend: 0.5 * curvature * variance,
      mean: value + 0.5 * curvature * variance - (0.5 * unit.signal) / width,
      variance: slope ** 2 * variance + unit.signal / width,
    };
    // The share of the next length that comes from weights, not from biases.
    const next = logSum(logWeight + layer.mean, logBias);
    layer.share = Math.exp(logWeight + layer.mean - next);
    logQ = next + 0.5 * layer.share * (1 - layer.share) * layer.variance;
    variance = layer.share ** 2 * layer.variance;
    layers.push(layer);
  }
  return layers;
}

/** Follow the gradient down the layers, given what signalsUp found. */
function gradientsDown(activation, logWeight, logBias, layers, width) {
  const depth = layers.length - 1;
  const gradients = new Array(depth + 1);
  gradients[depth] = { mean: 0, variance: 0 };
  let [mean, variance, response, memory] = [0, 0, 0, 1];
  let rough = false;
  for (let l = depth; l >= 1; l--) {
    const { logQ, unit, lengthVariance, slope, share, bend } = layers[l];
    const [value, slopeOfSlope, curvature] = meanSlope(activation, logQ);
    // The gradient at the output has a fixed norm: what its entries vary by is not lost twice.
    const own = unit.gradient - (l === depth ? 2 : 0);
    const passed = response * share;
    variance += (own + passed ** 2 * unit.signal + 2 * passed * unit.both) / width;
    mean += logWeight + value + 0.5 * curvature * lengthVariance - (0.5 * own) / width;
    mean += ((memory - 1) * unit.mixed) / width;
    response = slopeOfSlope + slope * passed;
    // How much of the gradient lies along the signal, compared with any other direction.
    const along = slope ** 2 * Math.exp(meanSquare(activation, logQ)[0] - logQ - value);
    const fromWeights = 1 - Math.exp(logBias - logQ);
    memory = 1 + fromWeights * (2 * slopeOfSlope + (memory - 1) * along);
    const bends = Math.abs(0.5 * curvature * lengthVariance) + Math.abs(bend);
    rough ||= bends > 0.1;
    // Beyond twice its size the first order says no more of it.
    memory = Math.min(Math.max(memory, 0), 2);
    gradients[l - 1] = {
      mean: mean + (memory - 2) / width,
      variance: variance + response ** 2 * lengthVariance + 2 / width,
    };
  }
  return { gradients, rough };
}

/** Return medians and 5 % and 95 % quantiles of half the logarithms: of norms, not of squares. */
function quantiles(layers) {
  const deviation = layers.map((layer) => 0.5 * NINETY_PERCENT * Math.sqrt(layer.variance));
  return {
    median: layers.map((layer) => 0.5 * layer.mean),
    low: layers.map((layer, l) => 0.5 * layer.mean - deviation[l]),
    high: layers.map((layer, l) => 0.5 * layer.mean + deviation[l]),
  };
}

/** Return the fixed point of lengths next to 1 in the direction in which they move, as ln q. */
function fixedLength(activation, logWeight, logBias) {
  const growth = (logQ) => logSum(logWeight + meanSquare(activation, logQ)[0], logBias) - logQ;
  const begin = growth(0);
  if (Math.abs(begin) < 1e-6) return 0;
  const direction = Math.sign(begin);
  for (let far = tables.grid.step; far < LONGEST; far += tables.grid.step) {
    if (growth(direction * far) * direction > 0) continue;
    let [near, beyond] = [direction * (far - tables.grid.step), direction * far];
    for (let i = 0; i < 50; i++) {
      const middle = 0.5 * (near + beyond);
      if (growth(middle) * direction > 0) near = middle;
      else beyond = middle;
    }
    return 0.5 * (near + beyond);
  }
  return direction * Infinity;
}

/** Return χ₁ and the slope of the length map at the fixed point. */
function phase(activation, logWeight, logBias) {
  const logQ = fixedLength(activation, logWeight, logBias);
  const at = Math.min(Math.max(logQ, -LONGEST), LONGEST);
  const [value, slope] = meanSquare(activation, at);
  return {
    logQ,
    logChi: logWeight + meanSlope(activation, at)[0],
    lengthSlope: slope * Math.exp(logWeight + value - at),
  };
}

/** Return the first layer of a path at which a median leaves a format, and where digits go. */
function survival(format, medians, path) {
  const fate = { lost: null, kind: null, rough: null };
  for (const l of path) {
    if (medians[l] > format.logMax) return { ...fate, lost: l, kind: "overflows" };
    if (!(medians[l] >= format.logMinSubnormal - LN2)) return { ...fate, lost: l, kind: "is zero" };
    if (fate.rough === null && medians[l] < format.logMinNormal) fate.rough = l;
  }
  return fate;
}

/** Return everything that the page shows for a state. */
function predict({ depth, width, activation: name, sigmaW, sigmaB }) {
  const activation = tables.activations[name];
  const [logWeight, logBias] = [2 * Math.log(sigmaW), 2 * Math.log(sigmaB)];
  const { logQ, signal } = limitLengths(activation, logWeight, logBias, depth);
  const gradient = limitGradients(activation, logWeight, logQ);
  const layers = signalsUp(activation, logWeight, logBias, depth, width);
  const down = gradientsDown(activation, logWeight, logBias, layers, width);
  const half = (values) => values.map((value) => 0.5 * value);
  const result = {
    signal: { limit: half(signal), ...quantiles(layers) },
    gradient: { limit: half(gradient), ...quantiles(down.gradients) },
    rough: down.rough,
    phase: phase(activation, logWeight, logBias),
  };
  const up = signal.map((_, l) => l);
  result.survival = tables.formats.map((format) => ({
    name: format.name,
    signal: survival(format, result.signal.median, up),
    gradient: survival(format, result.gradient.median, up.toReversed()),
  }));
  return result;
}

// ------------------------------------------------------------------------------------- the state

const NUMBERS = {
  depth: { least: 1, most: 1000, whole: true },
  width: { least: 8, most: 65536, whole: true },
  sigmaW: { least: 0.01, most: 200 },
  sigmaB: { least: 0, most: 20 },
};
const STEPS = {
  depth: [...new Set(Array.from({ length: 49 }, (_, k) => Math.round(10 ** (k / 16))))],
  width: Array.from({ length: 27 }, (_, k) => Math.round(2 ** (3 + k / 2))),
  sigmaW: Array.from({ length: 400 }, (_, k) => (k + 1) / 100),
  sigmaB: Array.from({ length: 201 }, (_, k) => k / 100),
};
const IDS = { depth: "depth", width: "width", sigmaW: "sigma_w", sigmaB: "sigma_b" };
const START = { depth: 50, width: 256, activation: "tanh", init: "", sigmaW: 1.3, sigmaB: 0.2 };

/** Return a number within the limits of a control, or null. */
function admitted(name, value) {
  const { least, most, whole } = NUMBERS[name];
  const number = value === null || value === "" ? NaN : Number(value);
  if (!Number.isFinite(number)) return null;
  const held = Math.min(Math.max(number, least), most);
  return whole ? Math.round(held) : held;
}

/** Let a named initialization set its scales for the width. */
function initialized(state) {
  if (!state.init) return state;
  const [scale, power, bias] = tables.inits[state.init];
  return { ...state, sigmaW: scale * state.width ** power, sigmaB: bias / Math.sqrt(state.width) };
}

/** Read a state from an address. */
function stateOf(address) {
  const given = new URLSearchParams(address);
  const state = { ...START };
  for (const name of Object.keys(NUMBERS)) {
    state[name] = admitted(name, given.get(IDS[name])) ?? START[name];
  }
  if (Object.hasOwn(tables.activations, given.get("activation"))) {
    state.activation = given.get("activation");
  }
  if (Object.hasOwn(tables.inits, given.get("init"))) state.init = given.get("init");
  return initialized(state);
}

/** Write a state as an address; a named initialization stands for its scales. */
function addressOf(state) {
  const { depth, width, activation, init, sigmaW, sigmaB } = state;
  const scales = init ? { init } : { sigma_w: sigmaW, sigma_b: sigmaB };
  return `?${new URLSearchParams({ activation, depth, width, ...scales })}`;
}

// ------------------------------------------------------------------------------------- the words

/** Return a number in few digits. */
function shown(value, digits = 3) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const far = size !== 0 && (size >= 1e5 || size < 1e-3);
  if (far) return power(Math.log10(size), value < 0);
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

/** Return 10 to a power, in figures: two of them, and the exponent. */
function power(decades, negative = false) {
  const fraction = 10 ** (decades - Math.floor(decades));
  const [mantissa, carried] = fraction.toExponential(1).split("e");
  const exponent = [..."0123456789-"].reduce(
    (text, figure, i) => text.replaceAll(figure, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"[i]),
    String(Math.floor(decades) + Number(carried)),
  );
  const factor = Number(mantissa) === 1 ? "" : `${Number(mantissa)}\u00a0·\u00a0`;
  return `${negative ? "−" : ""}${factor}10${exponent}`;
}

/** Return the size behind a natural logarithm, in figures. */
function size(logarithm) {
  const decades = logarithm / LN10;
  if (decades > -2.5 && decades < 3.5) return String(Number((10 ** decades).toPrecision(2)));
  return power(decades);
}

/** Return a depth scale −1/ln s in words. */
function scaleInWords(logarithm) {
  if (Math.abs(logarithm) < 1e-5) return "∞ layers";
  return `${shown(Math.abs(1 / logarithm))} layers, ${logarithm < 0 ? "shrinking" : "growing"}`;
}

function phaseInWords({ logChi, logQ }) {
  const lengths =
    logQ === Infinity
      ? " while lengths grow without bound"
      : logQ === -Infinity
        ? " while lengths shrink to zero"
        : "";
  if (Math.abs(logChi) < 1e-5) return `on the critical line${lengths}`;
  return `${logChi < 0 ? "ordered: gradients vanish" : "chaotic: gradients explode"}${lengths}`;
}

function changeInWords(curve, l) {
  return (
    `${size(curve.median[l])} times (in nine of ten networks ` +
    `${size(curve.low[l])} to ${size(curve.high[l])} times)`
  );
}

function fateInWords({ lost, kind, rough }, depth, quantity) {
  if (lost === null && rough === null)
    return depth === 1 ? "holds the layer" : `holds all ${depth} layers`;
  const words = lost === null ? "loses digits" : kind;
  return `${words} ${quantity === "signal" ? "from" : "down from"} layer ${lost ?? rough}`;
}

function summary(state, result) {
  const failing = result.survival.filter(
    (held) => held.gradient.lost !== null || held.signal.lost !== null,
  );
  const formats =
    failing.length === 0
      ? "Every number format holds both."
      : `Lost in ${failing.map((held) => held.name).join(", ")}.`;
  return (
    `${state.depth} ${state.activation} layers of width ${state.width}, ` +
    `σ_w = ${shown(state.sigmaW)}, σ_b = ${shown(state.sigmaB)}: at the input the ` +
    `gradient is ${changeInWords(result.gradient, 0)} what it is at the output; at the output the ` +
    `signal is ${changeInWords(result.signal, state.depth)} the input. The network is ` +
    `${phaseInWords(result.phase)}. ${formats}`
  );
}

// ---------------------------------------------------------------------------------- the drawings

const element = (id) => document.getElementById(`explorer-${id}`);

/** Make an SVG element. */
function drawn(tag, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Return ticks at round numbers, at most `most` of them. */
function ticks(low, high, most, least = 0) {
  const raw = Math.max((high - low) / most, least, 1e-12);
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * unit).find((candidate) => candidate >= raw * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

/** Clear an SVG and return its frame: its place in pixels, and the map from data to it. */
function frameOf(svg, x, y) {
  const [width, height] = [svg.clientWidth, svg.clientHeight];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren();
  const [left, right, top, bottom] = [52, width - 12, 10, height - 38];
  return {
    svg,
    left,
    right,
    top,
    bottom,
    x: (value) => left + ((value - x[0]) / (x[1] - x[0])) * (right - left),
    y: (value) => bottom - ((value - y[0]) / (y[1] - y[0])) * (bottom - top),
  };
}

/** Draw grid lines, tick labels and the names of the axes. */
function drawAxes(frame, xTicks, yTicks, xName, yName, yLabel) {
  const { svg, left, right, top, bottom } = frame;
  for (const tick of yTicks) {
    const y = frame.y(tick).toFixed(1);
    svg.append(drawn("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }));
    svg.append(yLabel(tick, left - 7, y));
  }
  for (const tick of xTicks) {
    const x = frame.x(tick).toFixed(1);
    svg.append(drawn("line", { class: "tick", x1: x, x2: x, y1: bottom, y2: bottom + 4 }));
    svg.append(drawn("text", { x, y: bottom + 17, "text-anchor": "middle" }, String(tick)));
  }
  svg.append(drawn("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }));
  svg.append(
    drawn(
      "text",
      { class: "name", x: (left + right) / 2, y: bottom + 33, "text-anchor": "middle" },
      xName,
    ),
  );
  if (yName) {
    const middle = (top + bottom) / 2;
    svg.append(
      drawn(
        "text",
        {
          class: "name",
          "text-anchor": "middle",
          transform: `translate(13 ${middle}) rotate(-90)`,
        },
        yName,
      ),
    );
  }
}

function powerLabel(tick, x, y) {
  const label = drawn("text", { x, y, dy: "0.35em", "text-anchor": "end" }, "10");
  label.append(drawn("tspan", { class: "exponent", dy: "-0.5em" }, String(tick).replace("-", "−")));
  return label;
}

function plainLabel(tick, x, y) {
  return drawn("text", { x, y, dy: "0.35em", "text-anchor": "end" }, String(tick));
}

/** Return the path of a curve over layers, in decades. */
function pathOf(frame, values, move = "M") {
  return values
    .map(
      ([l, value], i) =>
        `${i ? "L" : move}${frame.x(l).toFixed(1)} ${frame.y(value / LN10).toFixed(1)}`,
    )
    .join("");
}

/** Draw the limits of number formats within a frame, with names where there is room for them. */
function drawLimits(frame, range, medians) {
  const limits = tables.formats.toReversed().flatMap(({ name, logMax, logMinSubnormal }) => [
    [`${name} overflows`, logMax / LN10],
    [`${name} is zero`, (logMinSubnormal - LN2) / LN10],
  ]);
  const named = [];
  for (const [words, decades] of limits) {
    if (decades <= range[0] || decades >= range[1]) continue;
    const y = frame.y(decades);
    frame.svg.append(
      drawn("line", { class: "format", x1: frame.left, x2: frame.right, y1: y, y2: y }),
    );
    if (named.some((taken) => Math.abs(taken - y) < 14) || y < frame.top + 12) continue;
    named.push(y);
    // A name stands at the side where the curve is farther away.
    const away = [medians[0], medians.at(-1)].map((end) => Math.abs(end / LN10 - decades));
    const place =
      away[0] > away[1]
        ? { x: frame.left + 4, "text-anchor": "start" }
        : { x: frame.right, "text-anchor": "end" };
    frame.svg.append(drawn("text", { class: "format", y: y - 3, ...place }, words));
  }
}

/** Draw a quantity through depth, with its band, and say it in words. */
function drawCurve(name, curve, depth) {
  const all = [...curve.low, ...curve.high, ...curve.limit].filter(Number.isFinite);
  const decades = [Math.min(...all, -LN10) / LN10, Math.max(...all, LN10) / LN10];
  const room = 0.04 * (decades[1] - decades[0]);
  const range = [decades[0] - room, decades[1] + room];
  const frame = frameOf(element(name), [0, depth], range);
  const xMost = frame.right - frame.left < 300 ? 5 : 8;
  drawAxes(frame, ticks(0, depth, xMost, 1), ticks(...range, 6, 1), "layer", "", powerLabel);
  drawLimits(frame, range, curve.median);
  const numbered = (values) => values.map((value, l) => [l, value]);
  const band =
    pathOf(frame, numbered(curve.high)) + pathOf(frame, numbered(curve.low).reverse(), "L");
  frame.svg.append(drawn("path", { class: `band ${name}`, d: `${band}Z` }));
  frame.svg.append(drawn("path", { class: "limit", d: pathOf(frame, numbered(curve.limit)) }));
  frame.svg.append(
    drawn("path", { class: `curve ${name}`, d: pathOf(frame, numbered(curve.median)) }),
  );
  const end = name === "gradient" ? 0 : depth;
  frame.svg.append(
    drawn("circle", {
      class: `end ${name}`,
      cx: frame.x(end),
      cy: frame.y(curve.median[end] / LN10),
      r: 4,
    }),
  );
  const words =
    name === "gradient"
      ? ["At the input the gradient", "what it is at the output"]
      : ["At the output the signal", "the input"];
  frame.svg.setAttribute(
    "aria-label",
    `${words[0]} is ${changeInWords(curve, end)} ${words[1]}, ${depth} layers away.`,
  );
}

const MAP_ROWS = 60;
const MAP_COLUMNS = 40;

/** Return for each row of the phase diagram the stretches of σ_w with vanishing gradients. */
function orderedStretches(activation, most) {
  const rows = [];
  for (let row = 0; row < MAP_ROWS; row++) {
    const logBias = 2 * Math.log(((row + 0.5) / MAP_ROWS) * most[1]);
    const weights = Array.from(
      { length: MAP_COLUMNS + 1 },
      (_, k) => (Math.max(k, 0.02) / MAP_COLUMNS) * most[0],
    );
    const chis = weights.map((weight) => phase(activation, 2 * Math.log(weight), logBias).logChi);
    const stretches = [];
    let begin = chis[0] < 0 ? 0 : null;
    for (let k = 1; k <= MAP_COLUMNS; k++) {
      if (chis[k] < 0 === (begin !== null)) continue;
      const share = chis[k - 1] / (chis[k - 1] - chis[k]);
      const crossing = weights[k - 1] + share * (weights[k] - weights[k - 1]);
      if (begin === null) begin = crossing;
      else {
        stretches.push([begin, crossing]);
        begin = null;
      }
    }
    if (begin !== null) stretches.push([begin, most[0]]);
    rows.push(stretches);
  }
  return rows;
}

const maps = new Map();

/** Return what orderedStretches found, found once for each activation and range. */
function orderedMap(name, most) {
  const key = `${name} ${most}`;
  if (!maps.has(key)) maps.set(key, orderedStretches(tables.activations[name], most));
  return maps.get(key);
}

/** Return how far the phase diagram must reach to show the state and the critical line. */
function mapReach(state) {
  const line = tables.activations[state.activation].critical.filter(([bias]) => bias <= 1.5);
  const round = (value) => [1.5, 2, 3, 4, 6, 8, 12, 20, 50, 100, 250].find((most) => value <= most);
  return [
    round(Math.max(3, 1.15 * state.sigmaW, ...line.map(([, weight]) => 1.1 * weight))),
    round(Math.max(1.5, 1.15 * state.sigmaB)),
  ];
}

/** Draw the two phases, the line between them and the state. */
function drawPhase(state, result) {
  const most = mapReach(state);
  const frame = frameOf(element("phase"), [0, most[0]], [0, most[1]]);
  const { svg, left, right, top, bottom } = frame;
  svg.append(
    drawn("rect", {
      class: "exploding",
      x: left,
      y: top,
      width: right - left,
      height: bottom - top,
    }),
  );
  const height = (bottom - top) / MAP_ROWS;
  const rectangles = orderedMap(state.activation, most).flatMap((stretches, row) =>
    stretches.map(([from, to]) => {
      const [x1, x2, y] = [frame.x(from), frame.x(to), bottom - row * height];
      return `M${x1.toFixed(1)} ${y}H${x2.toFixed(1)}v${-height - 0.2}H${x1.toFixed(1)}Z`;
    }),
  );
  svg.append(drawn("path", { class: "vanishing", d: rectangles.join("") }));
  drawAxes(
    frame,
    ticks(0, most[0], 6),
    ticks(0, most[1], 5),
    "σ_w, weights",
    "σ_b, biases",
    plainLabel,
  );
  const line = tables.activations[state.activation].critical.filter(([bias]) => bias <= most[1]);
  for (let i = 1; i < line.length; i++) {
    const [[b1, w1], [b2, w2, stable]] = [line[i - 1], line[i]];
    const ends = { x1: frame.x(w1), y1: frame.y(b1), x2: frame.x(w2), y2: frame.y(b2) };
    svg.append(drawn("line", { class: stable ? "critical" : "critical unstable", ...ends }));
  }
  const [x, y] = [frame.x(state.sigmaW), frame.y(state.sigmaB)];
  svg.append(drawn("circle", { class: "state", cx: x, cy: y, r: 6 }));
  svg.append(
    drawn("path", {
      class: "cross",
      d: `M${x} ${top}V${y - 9}M${x} ${y + 9}V${bottom}M${left} ${y}H${x - 9}M${x + 9} ${y}H${right}`,
    }),
  );
  svg.setAttribute(
    "aria-label",
    `At σ_w = ${shown(state.sigmaW)} and σ_b = ${shown(state.sigmaB)} the network is ` +
      `${phaseInWords(result.phase)}; χ₁ = ${shown(Math.exp(result.phase.logChi))}.`,
  );
}

/** Draw how far a format holds a quantity. */
function drawBar(bar, fate, depth, downwards) {
  const reach = (l) => (100 * (downwards ? depth - l : l)) / depth;
  const end = fate.lost === null ? 100 : reach(fate.lost);
  bar.style.setProperty("--held", `${fate.rough === null ? end : reach(fate.rough)}%`);
  bar.style.setProperty("--reached", `${end}%`);
}

function showFormats(result, depth) {
  for (const held of result.survival) {
    const row = element(held.name);
    for (const quantity of ["gradient", "signal"]) {
      drawBar(
        row.querySelector(`.bar[data-of=${quantity}]`),
        held[quantity],
        depth,
        quantity === "gradient",
      );
      const verdict = row.querySelector(`.verdict[data-of=${quantity}]`);
      verdict.textContent = fateInWords(held[quantity], depth, quantity);
      verdict.classList.toggle("lost", held[quantity].lost !== null);
    }
  }
}

function showNumbers(state, result) {
  const { logChi, logQ, lengthSlope } = result.phase;
  const range = (curve, l) =>
    `${size(curve.median[l])} (${size(curve.low[l])} to ${size(curve.high[l])})`;
  const words = {
    "gradient-end": range(result.gradient, 0),
    "signal-end": range(result.signal, state.depth),
    chi: shown(Math.exp(logChi), 4),
    "gradient-scale": scaleInWords(logChi),
    length: shown(Math.exp(logQ), 4),
    "length-scale": scaleInWords(Math.log(Math.abs(lengthSlope))),
  };
  for (const [id, text] of Object.entries(words)) element(id).textContent = text;
}

const MOST_ROWS = 12;

function showRows(state, result) {
  const count = Math.min(state.depth, MOST_ROWS);
  const decades = (value) => (value / LN10).toFixed(2).replace("-", "−");
  const rows = Array.from({ length: count + 1 }, (_, k) => {
    const l = Math.round((k * state.depth) / count);
    const row = document.createElement("tr");
    const cells = [result.gradient, result.signal].flatMap((curve) => [
      decades(curve.median[l]),
      `${decades(curve.low[l])} to ${decades(curve.high[l])}`,
    ]);
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = l;
    row.append(head);
    for (const text of cells) row.insertCell().textContent = text;
    return row;
  });
  element("rows").replaceChildren(...rows);
}

// ---------------------------------------------------------------------------------- the controls

let state = stateOf(location.search);
let waiting = 0;

/** Put the state into the controls, but for the one that the reader is typing in. */
function showControls() {
  element("activation").value = state.activation;
  element("init").value = state.init;
  for (const [name, id] of Object.entries(IDS)) {
    const [number, slider] = [element(id), element(`${id}-slider`)];
    if (document.activeElement !== number) number.value = Number(state[name].toPrecision(6));
    const distances = STEPS[name].map((step) => Math.abs(step - state[name]));
    slider.value = distances.indexOf(Math.min(...distances));
    slider.setAttribute("aria-valuetext", shown(state[name]));
  }
}

function show() {
  const result = predict(state);
  showControls();
  drawCurve("gradient", result.gradient, state.depth);
  drawCurve("signal", result.signal, state.depth);
  drawPhase(state, result);
  showNumbers(state, result);
  showFormats(result, state.depth);
  showRows(state, result);
  element("summary").textContent = summary(state, result);
  element("caution").textContent = result.rough
    ? "The band is rough here: lengths fluctuate so much at this width that the first order in 1/n does not describe them."
    : "";
}

/** Take over a change, and write it into the address once the reader pauses. */
function change(part) {
  state = initialized({ ...state, ...part });
  show();
  clearTimeout(waiting);
  waiting = setTimeout(() => history.replaceState(null, "", addressOf(state) + location.hash), 250);
}

function connect() {
  element("activation").addEventListener("change", (event) =>
    change({ activation: event.target.value }),
  );
  element("init").addEventListener("change", (event) => change({ init: event.target.value }));
  for (const [name, id] of Object.entries(IDS)) {
    const own = name.startsWith("sigma") ? { init: "" } : {};
    const [number, slider] = [element(id), element(`${id}-slider`)];
    Object.assign(slider, { min: 0, max: STEPS[name].length - 1, step: 1 });
    slider.addEventListener("input", () => change({ [name]: STEPS[name][slider.value], ...own }));
    number.addEventListener("input", () => {
      const value = admitted(name, number.value);
      if (value !== null) change({ [name]: value, ...own });
    });
    number.addEventListener("blur", showControls);
  }
  element("summary")
    .closest(".explorer")
    .querySelector("form")
    .addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("popstate", () => {
    state = stateOf(location.search);
    show();
  });
  new ResizeObserver(show).observe(element("gradient"));
}

// Everything that is shown can be asked for, by tests and from the console.
window.explorer = { predict, stateOf, addressOf, tables };
connect();
