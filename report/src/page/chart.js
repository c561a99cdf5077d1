"use strict";

// Numbers and places of charts: what is shown, and where.

/** A number for people, with so many digits. */
function textOf(number, digits = 5) {
  if (!Number.isFinite(number)) return "–";
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return number.toExponential(digits - 2);
  return String(Number(number.toPrecision(Number.isInteger(number) ? 12 : digits)));
}

/** Round numbers between two, about as many as are asked for. */
function ticksBetween(low, high, count) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 5, 10].map((n) => n * power).find((step) => span / step <= count) ?? span;
  const ticks = [];
  // Numbers that differ in their last digits alone would be counted without end.
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9 && ticks.length < 50; n += 1) {
    ticks.push(Number((n * step).toPrecision(12)));
  }
  return ticks;
}

/** Texts of round numbers: as many digits as tell each from the next. */
function tickTexts(ticks) {
  const step = Math.min(...ticks.slice(1).map((tick, place) => tick - ticks[place]));
  const largest = Math.max(...ticks.map(Math.abs));
  const digits = Number.isFinite(step) && step > 0 ? Math.ceil(Math.log10(largest / step)) + 1 : 4;
  return ticks.map((tick) => textOf(tick, Math.min(15, Math.max(3, digits))));
}

/** Powers of ten between two numbers, with those between them where they are few. */
function logTicksBetween(low, high) {
  const ticks = [];
  if (!(low > 0)) return ticks;
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += 1) {
    const between = high / low < 1000 ? [1, 2, 5] : [1];
    ticks.push(...between.map((n) => n * 10 ** power).filter((tick) => tick >= low && tick <= high));
  }
  return ticks.length > 1 ? ticks : ticksBetween(low, high, 4).filter((tick) => tick > 0);
}

/** The least and the most of some numbers; nothing of none. */
function rangeOf(numbers) {
  let [low, high] = [Infinity, -Infinity];
  for (const number of numbers) {
    if (number < low) low = number;
    if (number > high) high = number;
  }
  return low <= high ? [low, high] : null;
}

/** A range with a margin on both sides, and never of one number alone. */
function widened([low, high], share) {
  const margin = high > low ? (high - low) * share : Math.abs(high) * 0.1 || 0.5;
  return [low - margin, high + margin];
}

/** A chart: its data, what part of them is shown, and what a reader points at. */
class Chart {
  constructor(figure, data) {
    this.figure = figure;
    this.data = data;
    this.isLog = false;
    this.zoomed = data.from === null ? null : { x: [data.from, this.whole()[1]], y: null };
    this.hidden = new Set();
    this.at = null;
    this.size = { width: 0, height: 0 };
  }

  shown() {
    return this.data.series.filter((series, number) => !this.hidden.has(series.run ?? number));
  }

  /** The whole range of x. */
  whole() {
    const xs = this.data.series.flatMap((series) => series.points.map((point) => point[0]));
    const range = rangeOf(xs) ?? [0, 1];
    return this.data.kind === "points" ? this.square() : range[0] < range[1] ? range : widened(range, 0);
  }

  /** Of points that lie on a line where both numbers are equal, one range for both. */
  square() {
    const all = this.data.series.flatMap((series) => series.points.flat());
    return widened(rangeOf(all) ?? [0, 1], 0.03);
  }

  xRange() {
    return this.zoomed?.x ?? this.whole();
  }

  /** The range of the heights that are in sight. */
  yRange() {
    if (this.data.kind === "points") return this.zoomed?.y ?? this.square();
    const [low, high] = this.xRange();
    const seen = [];
    for (const { points, band } of this.shown()) {
      points.forEach(([x, y], place) => {
        // A line between two points may cross a part that has neither.
        const after = points[place + 1]?.[0] ?? x;
        const before = points[place - 1]?.[0] ?? x;
        const isBeside = this.data.kind === "lines" && (x < low ? after > low : before < high);
        if ((x < low || x > high) && !isBeside) return;
        seen.push(y);
        if (band) seen.push(...band[place]);
      });
    }
    if (this.data.kind === "bars") return [0, Math.max(1, ...this.stacked().map((bar) => bar.top)) * 1.05];
    const range = rangeOf(this.isLog ? seen.filter((y) => y > 0) : seen) ?? [0.1, 1];
    if (!this.isLog) return widened(range, 0.05);
    return range[0] < range[1] ? [range[0] / 1.1, range[1] * 1.1] : [range[0] / 2, range[1] * 2];
  }

  /** Bars, those of one series upon those of the one before. */
  stacked() {
    const bars = [];
    const tops = [];
    this.shown().forEach((series) => {
      const number = this.data.series.indexOf(series);
      series.points.slice(0, -1).forEach(([from, count], place) => {
        const base = tops[place] ?? 0;
        tops[place] = base + count;
        bars.push({ number, place, from, to: series.points[place + 1][0], base, top: base + count, count });
      });
    });
    return bars;
  }

  /** Places that a reader can step to, in order. */
  stops() {
    const [low, high] = this.xRange();
    const xs = this.shown().flatMap((series) => {
      const points = this.data.kind === "bars" ? series.points.slice(0, -1) : series.points;
      return points.map((point) => point[0]);
    });
    return [...new Set(xs)].filter((x) => x >= low && x <= high).sort((a, b) => a - b);
  }

  /** What there is at a place: the nearest point of every curve that is shown, the nearest to a height first. */
  readings(x, y) {
    const readings = [];
    for (const series of this.shown()) {
      const points = this.data.kind === "bars" ? series.points.slice(0, -1) : series.points;
      let best = -1;
      points.forEach((point, place) => {
        const off = Math.abs(point[0] - x);
        const before = best < 0 ? Infinity : Math.abs(points[best][0] - x);
        const isNearer = off < before || (off === before && y !== null && Math.abs(point[1] - y) < Math.abs(points[best][1] - y));
        if (isNearer) best = place;
      });
      if (best < 0) continue;
      const [low, high] = this.xRange();
      if (points[best][0] < low || points[best][0] > high) continue;
      const next = series.points[best + 1];
      readings.push({ series, point: points[best], band: series.band?.[best], next });
    }
    if (y !== null) readings.sort((a, b) => Math.abs(a.point[1] - y) - Math.abs(b.point[1] - y));
    return readings;
  }

  /** Shows a part; nothing for all. A part of no width is none. */
  zoom(x, y = null) {
    const [low, high] = this.whole();
    const least = (high - low) * 1e-4;
    if (x && x[1] - x[0] < least) return;
    const isAll = x && x[0] <= low && x[1] >= high && !y;
    this.zoomed = x && !isAll ? { x: [Math.max(low, x[0]), Math.min(high, x[1])], y } : null;
    this.draw();
  }

  /** Shows more or less, around what is pointed at or the middle. */
  zoomBy(factor) {
    const around = ([low, high], middle) => [middle - (middle - low) * factor, middle + (high - middle) * factor];
    const [low, high] = this.xRange();
    const middle = this.at ? this.at.x : (low + high) / 2;
    const yRange = this.data.kind === "points" ? this.yRange() : null;
    const y = yRange && around(yRange, this.at?.y ?? (yRange[0] + yRange[1]) / 2);
    const [x0, x1] = around([low, high], middle);
    const [first, last] = this.whole();
    if (factor > 1 && x0 <= first && x1 >= last) this.zoom(null);
    else this.zoom([x0, x1], y);
  }
}
