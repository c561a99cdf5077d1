// Charts as SVG, and what pointers and keys do to them.

const MARGIN = { top: 10, right: 14, bottom: 44 };
const MOST_READINGS = 8;
const DASHES = ["", "7 4", "2 3", "9 3 2 3"];
const NUM_COLOURS = 7;

/** An element of SVG. */
function svg(name, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

/** An element of HTML. */
function html(name, attributes = {}, text = "") {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

/** How a series is told from others: by a colour, and by dashes or a hatching too. */
function styleOf(number) {
  return { colour: `var(--c${number % NUM_COLOURS})`, dash: DASHES[Math.floor(number / NUM_COLOURS + number) % DASHES.length] };
}

/** A stretch of a line as it is drawn, for a legend. */
function swatch(number) {
  const { colour, dash } = styleOf(number);
  const image = svg("svg", { width: 28, height: 10, "aria-hidden": "true" });
  image.append(svg("line", { x1: 1, x2: 27, y1: 5, y2: 5, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash }));
  return image;
}

Chart.prototype.numberOf = function (series) {
  return series.run ?? this.data.series.indexOf(series);
};

/** Makes the elements of a chart, once. */
Chart.prototype.build = function () {
  const { figure, data } = this;
  this.plot = figure.querySelector(".plot");
  const title = figure.querySelector("[id$=-title]").textContent;
  Object.entries({
    tabindex: 0, role: "slider", "aria-label": `${title}: arrow keys step through the numbers, + and - zoom, 0 shows all`,
    "aria-describedby": figure.querySelector("figcaption").id, "aria-orientation": "horizontal",
  }).forEach(([key, value]) => this.plot.setAttribute(key, value));
  this.tip = html("div", { class: "tip", "aria-hidden": "true", hidden: "" });
  this.image = svg("svg", { "aria-hidden": "true" });
  this.plot.append(this.image, this.tip);

  const tools = html("div", { class: "tools" });
  const button = (text, label, act) => {
    const made = html("button", { type: "button", "aria-label": `${label}: ${title}`, title: label }, text);
    made.addEventListener("click", () => act(made));
    tools.append(made);
    return made;
  };
  if (data.log) {
    button("log", "Logarithmic scale", (made) => {
      this.isLog = !this.isLog;
      made.setAttribute("aria-pressed", String(this.isLog));
      this.draw();
    }).setAttribute("aria-pressed", "false");
  }
  if (data.kind !== "bars") {
    button("+", "Zoom in", () => this.zoomBy(0.5));
    button("−", "Zoom out", () => this.zoomBy(2));
    button("all", "Show all", () => this.zoom(null));
  }
  this.plot.before(tools);
  const named = data.series.filter((series) => series.run === undefined && series.name);
  if (data.kind === "lines" && named.length > 1) tools.prepend(this.legend(named));
  if (data.kind === "bars" && data.series.length > 1) tools.prepend(this.barLegend());
  this.listen();
  new ResizeObserver(() => this.draw()).observe(this.plot);
};

/** Buttons that show and hide the curves of a chart. */
Chart.prototype.legend = function (named) {
  const legend = html("div", { class: "legend", role: "group", "aria-label": "Curves" });
  for (const series of named) {
    const number = this.data.series.indexOf(series);
    const button = html("button", { type: "button", "aria-pressed": "true" });
    button.append(swatch(number), html("span", {}, series.name));
    button.addEventListener("click", () => {
      const isShown = this.hidden.delete(number) || !this.hidden.add(number);
      button.setAttribute("aria-pressed", String(isShown));
      this.draw();
    });
    legend.append(button);
  }
  return legend;
};

Chart.prototype.barLegend = function () {
  const legend = html("div", { class: "legend" });
  this.data.series.forEach((series, number) => {
    const box = svg("svg", { width: 18, height: 12, "aria-hidden": "true" });
    box.append(svg("rect", { width: 18, height: 12, class: `bar bar${number}` }));
    if (number > 0) box.append(svg("path", { d: "M0 12L12 0M6 12L18 0", class: "hatch" }));
    const entry = html("span", { class: "entry" });
    entry.append(box, html("span", {}, series.name));
    legend.append(entry);
  });
  return legend;
};

/** Draws what is shown, at the width that there is. */
Chart.prototype.draw = function () {
  const width = Math.floor(this.plot.clientWidth);
  if (width < 60) return;
  const height = Math.round(this.data.kind === "points" ? Math.min(width, 460) : Math.min(Math.max(width * 0.5, 210), 340));
  const [x0, x1] = this.xRange();
  const [y0, y1] = this.yRange();
  const yTicks = this.isLog ? logTicksBetween(y0, y1) : ticksBetween(y0, y1, height / 42);
  const left = 26 + 7.4 * Math.max(...tickTexts(yTicks).map((text) => text.length), 2);
  const right = width - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  const log = (y) => (this.isLog ? Math.log(Math.max(y, y0 / 10)) : y);
  this.size = { width, height, left, right, bottom };
  this.xOf = (x) => left + ((x - x0) / (x1 - x0)) * (right - left);
  this.yOf = (y) => bottom - ((log(y) - log(y0)) / (log(y1) - log(y0))) * (bottom - MARGIN.top);
  this.xAt = (place) => x0 + ((place - left) / (right - left)) * (x1 - x0);
  this.yAt = (place) => {
    const y = log(y0) + ((bottom - place) / (bottom - MARGIN.top)) * (log(y1) - log(y0));
    return this.isLog ? Math.exp(y) : y;
  };

  const { image } = this;
  image.setAttribute("viewBox", `0 0 ${width} ${height}`);
  image.setAttribute("width", width);
  image.setAttribute("height", height);
  const xTicks = ticksBetween(x0, x1, (right - left) / 90);
  // There is no half of an iteration or epoch.
  const whole = xTicks.filter(Number.isInteger);
  image.replaceChildren(...this.axes(this.data.kind === "lines" && whole.length > 1 ? whole : xTicks, yTicks));
  const clip = `${this.figure.id}-clip`;
  const area = svg("clipPath", { id: clip });
  area.append(svg("rect", { x: left, y: MARGIN.top - 2, width: right - left, height: bottom - MARGIN.top + 4 }));
  const inside = svg("g", { "clip-path": `url(#${clip})` });
  if (this.data.kind === "bars") inside.append(...this.bars());
  else this.shown().forEach((series) => inside.append(...(this.data.kind === "lines" ? this.curve(series) : this.points(series))));
  inside.append(...this.marked());
  this.pointer = svg("g", { class: "pointer" });
  this.chosen = svg("rect", { class: "chosen", y: MARGIN.top, height: bottom - MARGIN.top, width: 0 });
  inside.append(this.chosen, this.pointer);
  image.append(area, inside);
  this.point(this.at, false);
};

Chart.prototype.axes = function (xTicks, yTicks) {
  const { left, right, bottom, width, height } = this.size;
  const parts = [];
  const [xTexts, yTexts] = [tickTexts(xTicks), tickTexts(yTicks)];
  for (const [place, tick] of yTicks.entries()) {
    const y = this.yOf(tick);
    parts.push(svg("line", { class: "grid", x1: left, x2: right, y1: y, y2: y }));
    parts.push(svg("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, yTexts[place]));
  }
  for (const [place, tick] of xTicks.entries()) {
    const x = this.xOf(tick);
    parts.push(svg("line", { class: "tick", x1: x, x2: x, y1: bottom, y2: bottom + 5 }));
    const anchor = x > right - 16 ? "end" : "middle";
    parts.push(svg("text", { x: anchor === "end" ? width - 2 : x, y: bottom + 18, "text-anchor": anchor }, xTexts[place]));
  }
  parts.push(svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }));
  parts.push(svg("text", { class: "name", x: (left + right) / 2, y: height - 6, "text-anchor": "middle" }, this.data.x));
  const middle = (MARGIN.top + bottom) / 2;
  parts.push(svg("text", { class: "name", x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, this.data.y));
  return parts;
};

Chart.prototype.curve = function (series) {
  const { colour, dash } = styleOf(this.numberOf(series));
  const parts = [];
  const path = (points) => points.map(([x, y]) => `${this.xOf(x).toFixed(1)} ${this.yOf(y).toFixed(1)}`).join("L");
  if (series.band && this.shown().length < 3) {
    const edge = (which) => series.points.map(([x], place) => [x, series.band[place][which]]);
    parts.push(svg("path", { class: "band", fill: colour, d: `M${path(edge(1))}L${path(edge(0).reverse())}Z` }));
  }
  parts.push(svg("path", { class: "line", stroke: colour, "stroke-dasharray": dash, d: `M${path(series.points)}` }));
  const [low, high] = this.xRange();
  const seen = series.points.filter(([x]) => x >= low && x <= high);
  if (seen.length <= 40) {
    parts.push(...seen.map(([x, y]) => svg("circle", { cx: this.xOf(x), cy: this.yOf(y), r: 2.5, fill: colour })));
  }
  return parts;
};

Chart.prototype.points = function (series) {
  const { left, right } = this.size;
  const [low, high] = this.xRange();
  const equal = { class: "equal", x1: left, x2: right, y1: this.yOf(low), y2: this.yOf(high) };
  const dots = series.points.map(([x, y]) => `M${this.xOf(x).toFixed(1)} ${this.yOf(y).toFixed(1)}h0`).join("");
  return [svg("line", equal), svg("path", { class: "dots", d: dots })];
};

Chart.prototype.bars = function () {
  return this.stacked().flatMap(({ number, from, to, base, top }) => {
    const [x, y] = [this.xOf(from), this.yOf(top)];
    const width = Math.max(this.xOf(to) - x - 1, 2);
    const height = this.yOf(base) - y;
    const bar = svg("rect", { class: `bar bar${number}`, x, y, width, height });
    if (number === 0 || height < 1) return [bar];
    let hatch = "";
    for (let at = 6; at < width + height; at += 6) {
      const [left, right] = [Math.max(0, at - height), Math.min(width, at)];
      hatch += `M${x + left} ${y + Math.min(at, height)}L${x + right} ${y + Math.max(0, at - width)}`;
    }
    return [bar, svg("path", { class: "hatch", d: hatch })];
  });
};

/** A line across at a place that has a name, such as a threshold. */
Chart.prototype.marked = function () {
  const { mark } = this.data;
  if (!mark) return [];
  const x = this.xOf(mark.x);
  const isRight = x > (this.size.left + this.size.right) / 2;
  return [
    svg("line", { class: "mark", x1: x, x2: x, y1: MARGIN.top, y2: this.size.bottom }),
    svg("text", { x: isRight ? x - 6 : x + 6, y: MARGIN.top + 12, "text-anchor": isRight ? "end" : "start" }, `${mark.name} ${textOf(mark.x)}`),
  ];
};

/** Shows the numbers at a place; nothing hides them. */
Chart.prototype.point = function (at, isByKey) {
  this.at = at;
  this.pointer.replaceChildren();
  this.tip.hidden = true;
  if (!at) return;
  let readings = this.readings(at.x, at.y);
  if (readings.length === 0) return;
  const x = this.data.kind === "bars" || this.data.kind === "points" ? readings[0].point[0] : this.nearest(at.x);
  const left = this.xOf(x);
  if (this.data.kind !== "bars") {
    this.pointer.append(svg("line", { x1: left, x2: left, y1: MARGIN.top, y2: this.size.bottom }));
    for (const { series, point } of readings.slice(0, MOST_READINGS)) {
      const { colour } = styleOf(this.numberOf(series));
      this.pointer.append(svg("circle", { cx: this.xOf(point[0]), cy: this.yOf(point[1]), r: 4.5, fill: colour }));
    }
  }
  const until = this.data.kind === "bars" && readings[0].next ? ` to ${textOf(readings[0].next[0])}` : "";
  const head = `${this.data.x} ${textOf(x)}${until}`;
  const lines = readings.slice(0, MOST_READINGS).map(({ series, point, band }) => {
    const name = series.name && this.data.kind !== "points" ? series.name : this.data.y;
    const spread = band && band[0] < band[1] ? ` (${textOf(band[0])} to ${textOf(band[1])})` : "";
    const elsewhere = this.data.kind === "lines" && point[0] !== x ? ` at ${textOf(point[0])}` : "";
    return { number: this.numberOf(series), text: `${name} ${textOf(point[1])}${spread}${elsewhere}` };
  });
  const more = readings.length - lines.length;
  this.tip.replaceChildren(html("strong", {}, head));
  for (const { number, text } of lines) {
    const line = html("div");
    if (this.data.kind === "lines") line.append(swatch(number));
    line.append(html("span", {}, text));
    this.tip.append(line);
  }
  if (more > 0) this.tip.append(html("div", {}, `and ${more} more`));
  this.tip.hidden = false;
  const { width } = this.size;
  const place = left < width / 2 ? left + 12 : left - 12 - this.tip.offsetWidth;
  this.tip.style.left = `${Math.max(2, Math.min(place, width - this.tip.offsetWidth - 2))}px`;
  this.tip.style.top = `${MARGIN.top + 2}px`;
  const stops = isByKey ? this.stops() : null;
  if (stops) {
    this.plot.setAttribute("aria-valuemin", stops[0]);
    this.plot.setAttribute("aria-valuemax", stops[stops.length - 1]);
    this.plot.setAttribute("aria-valuenow", x);
    this.plot.setAttribute("aria-valuetext", [head, ...lines.map((line) => line.text)].join(", "));
  }
};

/** The place among those that can be stepped to that is nearest. */
Chart.prototype.nearest = function (x) {
  return this.stops().reduce((best, stop) => (Math.abs(stop - x) < Math.abs(best - x) ? stop : best), Infinity);
};

Chart.prototype.listen = function () {
  const { plot } = this;
  const placeOf = (event) => {
    const box = this.image.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  let from = null;
  plot.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0 || this.data.kind === "bars") return;
    from = placeOf(event);
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => {
    const [x, y] = placeOf(event);
    if (from) {
      const [start, end] = [Math.min(from[0], x), Math.max(from[0], x)];
      this.chosen.setAttribute("x", start);
      this.chosen.setAttribute("width", end - start);
      if (this.data.kind === "points") {
        this.chosen.setAttribute("y", Math.min(from[1], y));
        this.chosen.setAttribute("height", Math.abs(from[1] - y));
      }
    }
    this.point({ x: this.xAt(x), y: this.yAt(y) }, false);
  });
  const release = (event) => {
    if (!from) return;
    const [start, [x, y]] = [from, placeOf(event)];
    from = null;
    this.chosen.setAttribute("width", 0);
    if (Math.abs(x - start[0]) < 6) return;
    const between = (a, b) => [Math.min(a, b), Math.max(a, b)];
    const rows = this.data.kind === "points" ? between(this.yAt(start[1]), this.yAt(y)) : null;
    this.zoom(between(this.xAt(start[0]), this.xAt(x)), rows);
  };
  plot.addEventListener("pointerup", release);
  plot.addEventListener("pointercancel", () => { from = null; });
  plot.addEventListener("pointerleave", () => { if (!from && document.activeElement !== plot) this.point(null, false); });
  plot.addEventListener("blur", () => this.point(null, false));
  plot.addEventListener("dblclick", () => this.zoom(null));
  plot.addEventListener("keydown", (event) => this.key(event));
};

Chart.prototype.key = function (event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const stops = this.stops();
  const now = this.at ? stops.indexOf(this.nearest(this.at.x)) : -1;
  const step = event.shiftKey ? 10 : 1;
  const to = { ArrowRight: now + step, ArrowUp: now + step, ArrowLeft: now - step, ArrowDown: now - step, Home: 0, End: stops.length - 1 };
  if (event.key in to && stops.length > 0) {
    this.point({ x: stops[Math.max(0, Math.min(stops.length - 1, to[event.key]))], y: null }, true);
  } else if (event.key === "+" || event.key === "=") this.zoomBy(0.5);
  else if (event.key === "-") this.zoomBy(2);
  else if (event.key === "0") this.zoom(null);
  else if (event.key === "Escape") this.point(null, false);
  else return;
  event.preventDefault();
};
