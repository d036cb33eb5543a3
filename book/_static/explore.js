// Explorers: numbers computed when the book was built become a chart that follows native sliders; and guesses.
// Reads what lib/solvable/figures/explorer/page.py and guessing.py wrote; draws with Observable Plot, loaded only where there is an explorer.
"use strict";

(() => {
  const vendor = new URL("vendor/plot/", document.currentScript.src);
  const MARGIN = { top: 30, right: 14, bottom: 44, left: 54 };
  const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  const DASHES = { "-": null, "--": "7 4", ":": "1.5 4" };

  const load = (name) =>
    new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: new URL(name, vendor).href, onload: done });
      script.onerror = () => failed(new Error(`${name} did not load`));
      document.head.append(script);
    });
  let library = null;
  const chartLibrary = () => (library ??= load("d3.min.js").then(() => load("plot.umd.min.js")));

  // ---- numbers in words

  const power = (exponent) => "10" + [...String(exponent)].map((digit) => RAISED[digit]).join("");

  function words(value) {
    const size = Math.abs(value);
    if (value !== 0 && (size < 1e-3 || size >= 1e7)) {
      const [mantissa, exponent] = value.toExponential(2).split("e");
      return `${Number(mantissa)}×${power(Number(exponent))}`.replace("-", "−");
    }
    return value.toLocaleString("en-GB", { maximumSignificantDigits: size < 1000 ? 3 : 7 }).replace("-", "−");
  }

  // ---- the packed numbers (explorer/encoding.py)

  async function unpack(layout, text) {
    const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(plain).arrayBuffer());
    let at = 0;
    const next = () => {
      let value = 0;
      for (let place = 1; ; place *= 128) {
        const byte = bytes[at++];
        value += (byte % 128) * place;
        if (byte < 128) return value % 2 ? -(value + 1) / 2 : value / 2;
      }
    };
    return layout.map(({ shape, orders }) => {
      const values = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next);
      orders.forEach((order, axis) => {
        const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
        for (; order > 0; order--)
          for (let i = 0; i < values.length; i++)
            if (Math.floor(i / stride) % shape[axis]) values[i] += values[i - stride];
      });
      return { shape, values };
    });
  }

  // ---- between the computed settings (explorer/grid.py)

  function weights(knob, index, stencil) {
    if (!knob.smooth) return [[index, 1]];
    const along = knob.log ? Math.log : Number;
    const nodes = knob.grid.map(along);
    const at = along(knob.values[index]);
    const size = Math.min(stencil, nodes.length);
    const right = nodes.findIndex((node) => node >= at);
    const first = Math.max(0, Math.min((right < 0 ? nodes.length : right) - Math.floor(size / 2), nodes.length - size));
    const used = nodes.slice(first, first + size);
    return used
      .map((node, i) => [
        first + i,
        used.reduce((product, other, j) => (i === j ? product : (product * (at - other)) / (node - other)), 1),
      ])
      .filter(([, weight]) => weight !== 0);
  }

  function interpolate({ shape, values }, rows) {
    const length = shape[shape.length - 1];
    let terms = [[0, 1]];
    rows.forEach((row, axis) => {
      const choices = shape[axis] === 1 ? [[0, 1]] : row;
      terms = terms.flatMap(([place, a]) => choices.map(([i, b]) => [place * shape[axis] + i, a * b]));
    });
    const sum = new Float64Array(length);
    for (const [place, weight] of terms)
      for (let j = 0; j < length; j++) sum[j] += weight * values[place * length + j];
    return sum;
  }

  // Between parts of an axis, 0 to 1, and its numbers.
  const valueAt = ({ lim: [low, high], log }, part) => (log ? low * (high / low) ** part : low + (high - low) * part);
  const partOf = ({ lim: [low, high], log }, value) =>
    log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);

  function fieldAt(arrays, [numbers, gaps], rows, axis, size, per) {
    const result = Array.from(interpolate(arrays[numbers], rows), (px) => valueAt(axis, px / per / size));
    if (gaps !== null) {
      const present = rows.map((row) => row.map(([i]) => [i, 1]));
      interpolate(arrays[gaps], present).forEach((gap, j) => gap > 0 && (result[j] = NaN));
    }
    return result;
  }

  // ---- the chart

  function ticks(axis, room) {
    const [low, high] = axis.lim;
    if (!axis.log) return { major: d3.ticks(low, high, Math.max(2, Math.round(room / 75))), minor: [] };
    const first = Math.floor(Math.log10(low) + 1e-9);
    const decades = d3.range(first, Math.ceil(Math.log10(high) - 1e-9) + 1);
    const inside = (value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
    const all = decades.flatMap((e) => d3.range(1, 10).map((m) => m * 10 ** e)).filter(inside);
    const powers = decades.filter((e) => inside(10 ** e));
    if (powers.length < 3) {
      const major = all.filter((value) => /^[125]/.test(value.toExponential()));
      return { major, minor: all };
    }
    const stride = Math.ceil(powers.length / Math.max(2, room / 40));
    const major = powers.filter((e) => e % stride === 0).map((e) => 10 ** e);
    return { major, minor: stride === 1 ? all : powers.map((e) => 10 ** e), powers: true };
  }

  function axes(data, width, height) {
    return ["x", "y"].flatMap((name) => {
      const axis = data.axes[name];
      const room = name === "x" ? width : height;
      const { major, minor, powers } = ticks(axis, name === "x" ? room : 1.3 * room);
      const mark = name === "x" ? Plot.axisX : Plot.axisY;
      const grid = name === "x" ? Plot.gridX : Plot.gridY;
      const place = name === "x" ? { labelAnchor: "center", labelOffset: 40 } : { labelAnchor: "top" };
      const format = powers ? (value) => power(Math.round(Math.log10(value))) : words;
      return [
        grid(major, { strokeOpacity: 0.12 }),
        mark(minor, { tickSize: 3, text: null, label: null, strokeOpacity: 0.5 }),
        mark(major, { tickSize: 6, tickFormat: format, label: axis.label, labelArrow: "none", ...place }),
      ];
    });
  }

  const colours = ({ axes: { z } }) => ({ type: z.log ? "log" : "linear", domain: z.lim, scheme: "cividis" });
  const colour = (series) => `var(--series-${series.color})`;

  // A theory and its experiment bear one label.
  const tag = ({ label, measured }) => (measured ? `measured ${label}` : label);

  // Plot's hook into a mark's drawing: leave the series' tag on its SVG group.
  const named = (label) => ({
    clip: true,
    render: (...given) => {
      const group = given.pop()(...given);
      group.setAttribute("data-series", label);
      return group;
    },
  });

  function mark(series, points, inside) {
    const common = named(tag(series));
    if (series.kind === "line")
      return Plot.line(points, {
        x: "x", y: "y", stroke: colour(series), strokeWidth: 2.2, strokeDasharray: DASHES[series.dash],
        strokeLinecap: series.dash === ":" ? "round" : null, ...common,
      });
    if (series.kind === "band")
      return Plot.areaY(points, { x: "x", y1: "low", y2: "high", fill: colour(series), fillOpacity: 0.25, ...common });
    const { clip, ...whole } = common; // a dot on the axis is no half dot
    return Plot.dot(points.filter(inside), { x: "x", y: "y", r: 3.5, fill: colour(series), symbol: "circle", ...whole });
  }

  // A whisker of one standard error; its mean is drawn by `mark`.
  const whisker = (series, points) =>
    Plot.ruleX(points, { x: "x", y1: "low", y2: "high", stroke: colour(series), strokeWidth: 1.6, clip: true });

  function heat(series, fields, data) {
    const { x, y, z } = fields;
    const edges = (centres, axis) => {
      const along = axis.log ? Math.log : Number;
      const back = axis.log ? Math.exp : Number;
      const half = (along(centres.at(-1)) - along(centres[0])) / (centres.length - 1) / 2;
      return [back(along(centres[0]) - half), back(along(centres.at(-1)) + half)];
    };
    const [x1, x2] = edges(x, data.axes.x);
    const [y1, y2] = edges(y, data.axes.y);
    return Plot.raster(z, {
      width: x.length, height: y.length, x1, x2, y1, y2, interpolate: "nearest", imageRendering: "pixelated",
      ...named(tag(series)),
    });
  }

  // What was drawn before the reader's hand moved, so that a change is seen and not remembered.
  const shadow = ({ series, fields }) =>
    Plot.line(Array.from(fields.x, (x, i) => ({ x, y: fields.y[i] })), {
      x: "x", y: "y", stroke: colour(series), strokeWidth: 1.6, strokeOpacity: 0.35, strokeDasharray: DASHES[series.dash], clip: true,
    });

  // The mean slope of a line between two places of a logarithmic x axis, in log against log; NaN where it has no value.
  function slope(fields, from, to) {
    const at = (place) => {
      const right = fields.x.findIndex((x) => x >= place);
      if (right < 0) return NaN;
      if (right === 0) return fields.x[0] === place ? Math.log(fields.y[0]) : NaN;
      const [a, b] = [fields.x[right - 1], fields.x[right]].map(Math.log);
      const part = (Math.log(place) - a) / (b - a);
      return (1 - part) * Math.log(fields.y[right - 1]) + part * Math.log(fields.y[right]);
    };
    return (at(to) - at(from)) / Math.log(to / from);
  }

  function chart(data, drawn, room, { ghosts = [], range = null, over = [], tips = true } = {}) {
    const width = Math.min(room, data.box.x + MARGIN.left + MARGIN.right);
    const inner = width - MARGIN.left - MARGIN.right;
    const height = Math.min(data.box.y, Math.round(inner * (inner < 420 ? 0.85 : 0.62)));
    const scale = (name) => ({ type: data.axes[name].log ? "log" : "linear", domain: data.axes[name].lim });
    const marks = ghosts.filter(({ series }) => series.kind === "line").map(shadow);
    if (range) marks.unshift(Plot.rectX([range], { x1: range[0], x2: range[1], fill: "currentColor", fillOpacity: 0.08 }));
    const pointed = [];
    const within = (name, value) => {
      const [low, high] = data.axes[name].lim;
      const slack = (end) => 1e-9 * (data.axes[name].log ? end : high - low);
      return value >= low - slack(low) && value <= high + slack(high);
    };
    const inside = ({ x, y }) => within("x", x) && within("y", y);
    for (const { series, fields } of drawn) {
      if (series.kind === "heat") {
        marks.unshift(heat(series, fields, data));
        continue;
      }
      const points = Array.from(fields.x, (x, i) => ({ x, y: fields.y?.[i], low: fields.low?.[i], high: fields.high?.[i] }));
      if (series.kind === "means") marks.push(whisker(series, points));
      marks.push(mark(series, points, inside));
      if (series.kind !== "band") for (const point of points) if (point.y === point.y) pointed.push({ ...point, series });
    }
    marks.push(...over);
    const say = ({ x, y, series }) =>
      `${series.label.replace(/^_/, "")}${series.measured ? ", measured" : ""}\n${data.axes.x.label}: ${words(x)}\n${data.axes.y.label}: ${words(y)}`;
    const near = { x: "x", y: "y", maxRadius: 60 };
    if (tips && pointed.length)
      marks.push(
        Plot.dot(pointed, Plot.pointer({ ...near, r: 4.5, fill: (d) => colour(d.series), stroke: "var(--plot-background)" })),
        Plot.tip(pointed, Plot.pointer({ ...near, title: say, fontSize: 13, pathFilter: null, strokeOpacity: 0.4 })),
      );
    const svg = Plot.plot({
      width,
      height: height + MARGIN.top + MARGIN.bottom,
      marginTop: MARGIN.top, marginRight: MARGIN.right, marginBottom: MARGIN.bottom, marginLeft: MARGIN.left,
      style: { fontSize: "14px", fontFamily: "inherit", overflow: "visible" },
      x: scale("x"),
      y: scale("y"),
      color: data.axes.z ? colours(data) : { type: "identity" },
      marks: [...axes(data, inner, height), ...marks, Plot.frame({ anchor: "left" }), Plot.frame({ anchor: "bottom" })],
    });
    return { svg, box: { left: MARGIN.left, top: MARGIN.top, width: inner, height } };
  }

  const SIGNS = {
    line: ({ color, dash }) =>
      `<line x1="1" x2="25" y1="7" y2="7" stroke="var(--series-${color})" stroke-width="2.4" stroke-dasharray="${DASHES[dash] ?? "none"}"/>`,
    band: ({ color }) => `<rect x="1" width="24" y="1" height="12" fill="var(--series-${color})" fill-opacity="0.3"/>`,
    points: ({ color }) => `<circle cx="13" cy="7" r="4" fill="var(--series-${color})"/>`,
    means: ({ color }) =>
      `<path d="M13,0V14" stroke="var(--series-${color})" stroke-width="1.6"/><circle cx="13" cy="7" r="4" fill="var(--series-${color})"/>`,
  };

  function legend(data) {
    const list = document.createElement("ul");
    list.className = "explorer-legend";
    for (const series of data.series) {
      if (series.label.startsWith("_")) continue; // as in matplotlib: drawn, not named
      const item = document.createElement("li");
      const measured = (data.experiment ?? []).filter((one) => one.label === series.label);
      const shape = [series, ...measured].map((one) => SIGNS[one.kind]?.(one) ?? "").join("");
      if (series.kind === "heat")
        item.append(ramp(series, data));
      else {
        item.innerHTML = `<svg width="26" height="14" aria-hidden="true">${shape}</svg>`;
        item.append(series.label);
      }
      list.append(item);
    }
    const kinds = { line: "theory", band: "theory", points: "experiment", means: "experiment" };
    if (data.knobs && data.series.some(({ kind }) => kinds[kind] === "theory") && data.experiment?.some(({ kind }) => kinds[kind] === "experiment")) {
      const item = document.createElement("li");
      item.className = "explorer-key";
      for (const kind of ["line", "points"]) {
        item.insertAdjacentHTML("beforeend", `<svg width="26" height="14" aria-hidden="true">${SIGNS[kind]({ color: 6, dash: "-" })}</svg>`);
        item.append(kinds[kind]);
      }
      list.append(item);
    }
    return list;
  }

  function ramp(series, data) {
    const style = { fontSize: "12px", fontFamily: "inherit" };
    const size = { width: 260, marginTop: 20, height: 50, ticks: 4, tickFormat: words };
    const svg = Plot.legend({ color: colours(data), label: series.label, style, ...size });
    for (const part of svg.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label"); // for developers only
    return svg;
  }

  // ---- what is really drawn, for tests

  function vertices(svg, series) {
    const group = [...svg.querySelectorAll("[data-series]")].find((g) => g.dataset.series === tag(series));
    if (!group) return [];
    if (series.kind === "points" || series.kind === "means")
      return [...group.querySelectorAll("circle")].map((dot) => [dot.cx.baseVal.value, dot.cy.baseVal.value]);
    return [...group.querySelectorAll("path")].flatMap((path) =>
      [...path.getAttribute("d").matchAll(/[ML](-?[\d.e-]+),(-?[\d.e-]+)/g)].map((pair) => [Number(pair[1]), Number(pair[2])]),
    );
  }

  // ---- one figure

  class Drawn {
    constructor(figure) {
      this.figure = figure;
      this.data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
      this.stage = figure.querySelector(".explorer-stage");
    }

    // Begins when first asked: most visits never come to a figure far below.
    get ready() {
      return (this.begun ??= this.begin());
    }

    live() {
      this.figure.querySelector(".explorer-knobs").hidden = false;
      this.figure.classList.add("explorer-is-live");
      this.draw();
      new ResizeObserver(() => this.stage.clientWidth !== this.room && this.draw()).observe(this.stage);
    }

    later() {
      this.waiting ??= requestAnimationFrame(() => this.draw());
    }
  }

  class Explorer extends Drawn {
    async begin() {
      this.inputs = [...this.figure.querySelectorAll("input[type=range]")];
      const [arrays] = await Promise.all([unpack(this.data.arrays, this.data.data), chartLibrary()]);
      this.arrays = arrays;
      for (const one of this.data.experiment ?? []) one.measured = true;
      this.stage.before(legend(this.data));
      this.stage.setAttribute("role", "img");
      for (const input of this.inputs) input.addEventListener("input", () => this.turned());
      this.figure.querySelector(".explorer-reset").addEventListener("click", () => this.reset());
      this.figure.querySelector(".explorer-nearest")?.addEventListener("click", () => this.toExperiment());
      for (const button of this.figure.querySelectorAll(".explorer-play")) button.addEventListener("click", () => this.play(button));
      this.figure.querySelector(".explorer-slopes")?.addEventListener("click", (event) => this.measureSlopes(event.target));
      this.live();
    }

    knob(input) {
      return this.data.knobs[input.name];
    }

    text(input) {
      return this.knob(input).texts[input.valueAsNumber];
    }

    reset() {
      for (const input of this.inputs) input.value = this.knob(input).start;
      this.turned();
      this.before = null;
    }

    // Walk the knob from where it stands, or from its start when it stands at its end; the button stops it again.
    play(button) {
      const input = button.closest(".explorer-knob").querySelector("input");
      const stop = () => {
        clearInterval(this.playing);
        this.playing = undefined;
        button.setAttribute("aria-pressed", "false");
      };
      if (this.playing !== undefined) return stop();
      if (input.value === input.max) input.value = input.min;
      button.setAttribute("aria-pressed", "true");
      const step = Math.max(1, Math.round(input.max / 40));
      this.playing = setInterval(() => {
        input.valueAsNumber = Math.min(input.max, input.valueAsNumber + step);
        this.turned();
        if (input.value === input.max) stop();
      }, Math.max(60, Math.min(400, 6000 / (Number(input.max) + 1))));
    }

    // Exponents of the lines between two places, which the reader sets with two sliders or by dragging over the chart.
    measureSlopes(button) {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      this.figure.querySelector(".explorer-range")?.remove();
      this.range = on ? [0.4, 0.8] : null;
      this.stage.classList.toggle("explorer-is-measured", on);
      if (on) {
        const row = document.createElement("div");
        row.className = "explorer-range";
        row.innerHTML = ["from", "to"]
          .map((end) => `<label>${end} <input type="range" min="0" max="100" aria-label="slopes ${end}"></label>`)
          .join("") + '<output aria-live="polite"></output>';
        row.querySelectorAll("input").forEach((input, end) =>
          input.addEventListener("input", () => {
            this.range[end] = input.valueAsNumber / 100;
            this.draw();
          }),
        );
        this.stage.after(row);
        this.listenToDrags();
      }
      this.draw();
    }

    listenToDrags() {
      if (this.dragged) return;
      this.dragged = true;
      let first = null;
      const part = (event) =>
        Math.max(0, Math.min(1, (event.clientX - this.svg.getBoundingClientRect().left - this.box.left) / this.box.width));
      this.stage.addEventListener("pointerdown", (event) => {
        if (this.range) first = part(event);
      });
      this.stage.addEventListener("pointermove", (event) => {
        if (first === null || !this.range || Math.abs(part(event) - first) < 0.02) return;
        this.range = [Math.min(first, part(event)), Math.max(first, part(event))];
        this.draw();
      });
      for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => (first = null));
    }

    // The two places as numbers of the x axis, the lower one first.
    places() {
      if (!this.range) return null;
      const [low, high] = this.data.axes.x.lim;
      return [...this.range].sort((a, b) => a - b).map((part) => low * (high / low) ** part);
    }

    saySlopes() {
      const row = this.figure.querySelector(".explorer-range");
      if (!row) return;
      const [from, to] = this.places();
      row.querySelectorAll("input").forEach((input, end) => {
        input.valueAsNumber = Math.round(100 * this.range[end]);
        input.setAttribute("aria-valuetext", words([from, to][end]));
      });
      const lines = this.drawn.filter(({ series }) => series.kind === "line" && !series.label.startsWith("_"));
      const said = lines.map(({ series, fields }) => {
        const found = slope(fields, from, to);
        const rounded = Number(found.toFixed(2)) || 0; // no minus before a zero
        return `${series.label} ${Number.isFinite(found) ? rounded.toFixed(2).replace("-", "−") : "no value"}`;
      });
      row.querySelector("output").textContent = `Slopes from ${words(from)} to ${words(to)}: ${said.join(", ")}`;
    }

    // Every knob to the nearest of its values at which the experiment was run.
    toExperiment() {
      for (const input of this.inputs) {
        const far = (index) => Math.abs(index - input.valueAsNumber);
        input.value = this.knob(input).measured.reduce((best, index) => (far(index) < far(best) ? index : best));
      }
      this.turned();
    }

    turned() {
      if (!this.moving) this.before = this.drawn;
      this.moving = true;
      this.later();
      clearTimeout(this.speech);
      this.speech = setTimeout(() => {
        this.moving = false;
        this.figure.querySelector(".explorer-said").textContent = this.settings();
      }, 600);
    }

    settings() {
      return this.inputs.map((input) => `${this.knob(input).label.replace(/[$_]/g, (sign) => (sign === "_" ? " " : ""))} = ${this.text(input)}`).join(", ");
    }

    draw() {
      cancelAnimationFrame(this.waiting);
      this.waiting = undefined;
      for (const input of this.inputs) {
        input.setAttribute("aria-valuetext", this.text(input));
        input.parentElement.querySelector("output").textContent = this.text(input);
      }
      this.stage.setAttribute("aria-label", `${this.data.alt} Now ${this.settings()}.`);
      this.room = this.stage.clientWidth;
      if (!this.room) return; // in a closed fold; drawn when it opens
      const { axes, box, per, stencil, series } = this.data;
      const along = { x: "x", y: "y", low: "y", high: "y", z: "z" };
      const at = (some, rows) =>
        some.map((one) => ({
          series: one,
          fields: Object.fromEntries(
            Object.entries(one.fields).map(([name, places]) => [
              name,
              fieldAt(this.arrays, places, rows, axes[along[name]], box[along[name]], per),
            ]),
          ),
        }));
      const drawn = at(series, this.inputs.map((input) => weights(this.knob(input), input.valueAsNumber, stencil)));
      const measured = this.measured();
      const trials = measured.length ? at(this.data.experiment, measured) : [];
      const more = { ghosts: this.before ?? [], range: this.places() };
      Object.assign(this, chart(this.data, [...drawn, ...trials], this.room, more), { drawn, trials });
      this.svg.setAttribute("aria-hidden", "true"); // the stage around it speaks
      this.stage.replaceChildren(this.svg);
      this.saySlopes();
    }

    // Where the experiment was run with these knobs, as `weights` says it; nothing where it was not.
    measured() {
      if (!this.data.experiment) return [];
      const places = this.inputs.map((input) => this.knob(input).measured.indexOf(input.valueAsNumber));
      return places.includes(-1) ? [] : places.map((place) => [[place, 1]]);
    }

    // Knobs, the axes' box and every series' vertices in pixels of the drawing, read from the SVG itself.
    state() {
      if (this.waiting !== undefined) this.draw();
      return {
        knobs: Object.fromEntries(this.inputs.map((input) => [input.name, this.knob(input).values[input.valueAsNumber]])),
        box: this.box,
        series: this.drawn.map(({ series, fields }) => ({
          label: series.label,
          kind: series.kind,
          px: vertices(this.svg, series),
          ...(series.kind === "heat" ? { z: fields.z } : {}),
        })),
        experiment: this.trials.map(({ series }) => ({ label: series.label, kind: series.kind, px: vertices(this.svg, series) })),
      };
    }
  }

  // ---- a guess before the answer

  const PLACES = 13; // which the keys choose from
  const PARTS = 4; // between two of them, for a hand
  const STEPS = { ArrowUp: 0.02, ArrowDown: -0.02, PageUp: 0.1, PageDown: -0.1 };
  const WALKS = { ArrowLeft: -1, ArrowRight: 1, Home: -PLACES, End: PLACES };
  const OWN = { label: "your guess", kind: "line", color: 6, dash: "-" };
  const rounded = (value) => words(Number(value.toPrecision(2)));
  const between = (low, value, high) => Math.max(low, Math.min(high, value));

  // A line through points (x, y) that increase in x; beyond its ends it has no value.
  function through(points, x) {
    const right = points.findIndex((point) => point.x >= x);
    if (right < 0) return NaN;
    if (points[right].x === x) return points[right].y;
    if (right === 0) return NaN;
    const [a, b] = [points[right - 1], points[right]];
    return a.y + ((x - a.x) / (b.x - a.x)) * (b.y - a.y);
  }

  // Places and heights are parts of the axes' box, from its lower left corner.
  class Guess extends Drawn {
    async begin() {
      await chartLibrary();
      const { series, experiment, axes } = this.data;
      for (const one of experiment) one.measured = true;
      for (const { fields } of [...series, ...experiment])
        for (const name in fields) fields[name] = fields[name].map((value) => value ?? NaN);
      const { fields } = series.find(({ known }) => !known);
      this.right = fields.x.map((x, i) => ({ x: partOf(axes.x, x), y: partOf(axes.y, fields.y[i]) }));
      const [from, to] = [this.right[0].x, this.right.at(-1).x].map((part) => between(0, part, 1));
      const last = (PLACES - 1) * PARTS;
      this.places = Array.from({ length: last + 1 }, (_, i) => from + ((to - from) * i) / last);
      for (const part of ["pen", "how", "show", "again"]) this[part] = this.figure.querySelector(`.guess-${part}`);
      this.said = this.figure.querySelector(".explorer-said");
      this.listen();
      this.figure.querySelector(".guess-board").hidden = false;
      this.clear();
      this.live();
    }

    clear() {
      this.heights = this.places.map(() => NaN);
      this.at = (PLACES - 1) / 2;
      this.answered = false;
    }

    listen() {
      this.pen.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        this.pen.setPointerCapture(event.pointerId);
        Object.assign(this, { before: [...this.heights], last: null });
        this.stroke(event);
      });
      this.pen.addEventListener("pointermove", (event) => this.before && this.stroke(event));
      this.pen.addEventListener("pointerup", () => (this.before = null));
      this.pen.addEventListener("pointercancel", () => {
        if (this.before) this.heights = this.before; // a finger that scrolls the page draws nothing
        this.before = null;
        this.later();
      });
      this.pen.addEventListener("keydown", (event) => this.pressed(event));
      for (const kind of ["focus", "blur"]) this.pen.addEventListener(kind, () => this.later());
      this.show.addEventListener("click", () => this.answer());
      this.again.addEventListener("click", () => {
        this.clear();
        this.draw();
      });
    }

    // From the point before to this one, every place in between.
    stroke({ clientX, clientY }) {
      const { left, top, width, height } = this.pen.getBoundingClientRect();
      const [from, to] = [this.places[0], this.places.at(-1)];
      const along = between(0, ((clientX - left) / width - from) / (to - from), 1);
      const now = { x: along * (this.places.length - 1), y: between(0, 1 - (clientY - top) / height, 1) };
      const line = [now, this.last ?? now].sort((a, b) => a.x - b.x);
      this.heights[Math.round(now.x)] = now.y; // should none be in between
      for (let i = Math.ceil(line[0].x); i <= line[1].x; i++) this.heights[i] = through(line, i);
      this.last = now;
      this.later();
    }

    pressed(event) {
      if (event.key in WALKS) this.at = between(0, this.at + WALKS[event.key], PLACES - 1);
      else if (event.key in STEPS) this.move(STEPS[event.key]);
      else return;
      event.preventDefault();
      this.later();
    }

    // Move the curve at the chosen place; between it and its neighbours it stays straight.
    move(by) {
      this.heights = this.heights.map((_, i) => this.height(i));
      const middle = this.at * PARTS;
      const moved = between(0, this.heights[middle] + by, 1);
      for (const end of [middle - PARTS, middle + PARTS].filter((i) => i in this.heights))
        for (let part = 1; part < PARTS; part++)
          this.heights[middle + ((end - middle) / PARTS) * part] = moved + ((this.heights[end] - moved) * part) / PARTS;
      this.heights[middle] = moved;
    }

    get points() {
      return this.places.map((x, i) => ({ x, y: this.heights[i] })).filter(({ y }) => y === y);
    }

    // Where the curve is, or would begin: level beyond its ends, in the middle where there is none yet.
    height(i) {
      const drawn = this.points;
      if (!drawn.length) return 0.5;
      return through(drawn, between(drawn[0].x, this.places[i], drawn.at(-1).x));
    }

    answer() {
      this.answered = true;
      this.draw();
      if (document.activeElement === document.body || document.activeElement === this.show) this.again.focus();
    }

    // The place where guess and answer are farthest apart, both inside the axes.
    get worst() {
      const drawn = this.points;
      const both = this.places.map((x) => ({ x, mine: through(drawn, x), right: through(this.right, x) }));
      const seen = both.filter(({ mine, right }) => mine === mine && right >= 0 && right <= 1);
      const off = ({ mine, right }) => Math.abs(mine - right);
      return seen.reduce((worst, one) => (worst && off(worst) >= off(one) ? worst : one), null);
    }

    verdict() {
      const { worst } = this;
      if (!worst) return "Here is the answer. No guess was drawn where it runs.";
      const { x, y } = this.data.axes;
      const [low, high] = [worst.mine, worst.right].sort((a, b) => a - b).map((part) => valueAt(y, part));
      const off = rounded(y.log ? high / low : high - low);
      if (y.log ? high / low < 1.1 : high - low < 0.02 * (y.lim[1] - y.lim[0]))
        return `Well guessed: nowhere off by more than ${y.log ? "a factor of " : ""}${off}.`;
      const side = worst.mine > worst.right ? "too high" : "too low";
      return `Furthest off at ${x.label} = ${rounded(valueAt(x, worst.x))}: your guess is ${off} ${y.log ? "times " : ""}${side}.`;
    }

    draw() {
      cancelAnimationFrame(this.waiting);
      this.waiting = undefined;
      const { data, answered } = this;
      for (const part of [this.show, this.pen, this.how]) part.hidden = answered;
      const said = answered ? this.verdict() : "";
      if (this.said.textContent !== said) this.said.textContent = said; // once, as it is read aloud
      this.stage.setAttribute("aria-label", answered ? `${data.alt} ${data.answer}` : data.alt);
      this.speak();
      this.room = this.stage.clientWidth;
      if (!this.room) return; // in a closed fold; drawn when it opens
      const shown = ({ known }) => answered || known;
      this.legend(data.series.filter(shown), data.experiment.filter(shown));
      this.drawn = [...data.series, ...data.experiment].filter(shown).map((series) => ({ series, fields: series.fields }));
      const mine = this.points.map((point) => ({ x: valueAt(data.axes.x, point.x), y: valueAt(data.axes.y, point.y) }));
      if (mine.length)
        this.drawn.push({ series: OWN, fields: { x: mine.map(({ x }) => x), y: mine.map(({ y }) => y) } });
      Object.assign(this, chart(data, this.drawn, this.room, { over: this.over(mine), tips: answered }));
      this.svg.setAttribute("aria-hidden", "true"); // the stage around it, and the pen over it, speak
      this.stage.replaceChildren(this.svg);
      for (const side in this.box) this.pen.style[side] = `${this.box[side]}px`;
    }

    // What is drawn over the curves: an invitation, the place that the keys move, or how far the guess is off.
    over(mine) {
      const { x, y } = this.data.axes;
      const at = (place, height) => [valueAt(x, place), valueAt(y, height)];
      const marks = [];
      const halo = { stroke: "var(--plot-background)", fill: "currentColor" };
      if (this.answered && this.worst) {
        const [[x1, y1], [, y2]] = [at(this.worst.x, this.worst.mine), at(this.worst.x, this.worst.right)];
        marks.push(Plot.ruleX([x1], { x: x1, y1, y2, stroke: "currentColor", strokeWidth: 2, strokeDasharray: "2 3" }));
      }
      if (!this.answered && mine.length < 2)
        marks.push(Plot.text(["Draw your guess here"], { frameAnchor: "top-right", dx: -8, dy: 8, fontSize: 16, strokeWidth: 6, ...halo }));
      if (!this.answered && this.pen.matches(":focus-visible")) {
        const place = this.at * PARTS;
        const [here, height] = at(this.places[place], this.height(place));
        marks.push(Plot.ruleX([here], { stroke: "currentColor", strokeOpacity: 0.35 }));
        marks.push(Plot.dot([[here, height]], { r: 6, strokeWidth: 2, fill: "var(--plot-background)", stroke: "currentColor" }));
      }
      return marks;
    }

    // Place and height of the curve, for who hears them.
    speak() {
      const { x, y } = this.data.axes;
      const place = this.at * PARTS;
      const height = this.height(place);
      const where = `at ${x.label} = ${rounded(valueAt(x, this.places[place]))}, place ${this.at + 1} of ${PLACES}`;
      this.pen.setAttribute("aria-valuenow", Math.round(100 * height));
      this.pen.setAttribute("aria-valuetext", `${y.label} ${rounded(valueAt(y, height))} ${where}`);
    }

    legend(series, experiment) {
      this.figure.querySelector(".explorer-legend")?.remove();
      this.stage.parentElement.before(legend({ ...this.data, series: [...series, OWN], experiment }));
    }

    // As an explorer's; with the guess as parts of the axes.
    state() {
      if (this.waiting !== undefined) this.draw();
      return {
        box: this.box,
        guess: this.points.map(({ x, y }) => [x, y]),
        answered: this.answered,
        series: this.drawn.map(({ series }) => ({ label: tag(series), kind: series.kind, px: vertices(this.svg, series) })),
      };
    }
  }

  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        target.explorer.ready.catch((error) => {
          target.classList.add("explorer-failed");
          target.querySelector(".explorer-said").textContent = `This figure stands still: ${error.message}.`;
        });
      }
    },
    { rootMargin: "600px" },
  );
  for (const figure of document.querySelectorAll("figure.explorer")) {
    figure.explorer = new (figure.classList.contains("guess") ? Guess : Explorer)(figure);
    near.observe(figure);
  }
})();
