// Lets a reader zoom into a long series: the figure's JSON drawn by uPlot in place of the picture. Without it the picture stays.
const STEP = 2;

function colour(plot, name, property) {
  const mark = plot.querySelector(`.${name}`);
  return getComputedStyle(mark ?? plot)[mark ? property : "color"];
}

function shownDates(from, to) {
  const words = new Intl.DateTimeFormat(document.documentElement.lang || "en", { dateStyle: "medium", timeZone: "UTC" });
  return words.formatRange(from * 1000, to * 1000);
}

// What stands at the ticks of time: the day, and the hour where ticks are less than a day apart.
function days(ticks) {
  const near = ticks.length > 1 && ticks[1] - ticks[0] < 86400;
  const form = { day: "numeric", month: "short", timeZone: "UTC", ...(near ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : { year: "2-digit" }) };
  const words = new Intl.DateTimeFormat(document.documentElement.lang || "en", form);
  return ticks.map((tick) => words.format(tick * 1000));
}

// The points as columns, each instant once and a little later than the one before: a step has two values at one instant.
function columns(points) {
  let last = -Infinity;
  const at = points.map(([instant]) => (last = instant > last ? instant : last + 1e-3));
  return [at, ...[1, 2, 3].map((part) => points.map((point) => point[part]))];
}

function options(plot, chart, width, height, showed) {
  const line = colour(plot, "line", "stroke");
  const soft = getComputedStyle(plot.querySelector("text")).fill;
  const grid = { stroke: colour(plot, "axis", "stroke"), width: 1 };
  const axis = { stroke: soft, grid, ticks: grid, font: `12px ${getComputedStyle(plot).fontFamily}` };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { drag: { x: true, y: false } },
    tzDate: (seconds) => {
      const at = new Date(seconds * 1000);
      return new Date(at.getTime() + at.getTimezoneOffset() * 60_000);
    },
    scales: { y: chart.log ? { distr: 3, log: 10 } : {} },
    axes: [{ ...axis, space: 90, values: (_drawn, ticks) => days(ticks) }, { ...axis, size: 64 }],
    bands: [{ series: [3, 2], fill: colour(plot, "band", "fill").replace("rgb(", "rgba(").replace(")", ", .16)") }],
    series: [{}, { stroke: line, width: 2 }, { stroke: "transparent" }, { stroke: "transparent" }],
    hooks: { draw: [(drawn) => limits(drawn, chart, colour(plot, "limit", "stroke"))], setScale: [showed] },
  };
}

function limits(drawn, chart, stroke) {
  const { ctx, bbox } = drawn;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const { value } of chart.thresholds) {
    const y = drawn.valToPos(value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

function moved(drawn, whole, by) {
  const { min, max } = drawn.scales.x;
  const middle = (min + max) / 2;
  const length = by === "in" ? (max - min) / STEP : by === "out" ? (max - min) * STEP : max - min;
  const shift = by === "earlier" ? -length / STEP : by === "later" ? length / STEP : 0;
  const start = Math.max(whole[0], Math.min(middle - length / 2 + shift, whole[1] - length));
  return { min: start, max: Math.min(whole[1], start + length) };
}

async function open(figure, tools) {
  const [{ default: Plot }, answer] = await Promise.all([import(tools.dataset.library), fetch(tools.dataset.zoom)]);
  if (!answer.ok) throw new Error(answer.statusText);
  const { chart } = await answer.json();
  const plot = figure.querySelector(".plot");
  const place = document.createElement("div");
  place.className = "zoomed";
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", chart.title);
  plot.after(place);
  const data = columns(chart.points);
  const whole = [data[0][0], data[0].at(-1)];
  const said = tools.querySelector("[role=status]");
  const showed = (drawn, scale) => {
    if (scale === "x") said.textContent = shownDates(drawn.scales.x.min, drawn.scales.x.max);
  };
  const box = plot.getBoundingClientRect();
  const drawn = new Plot(options(plot, chart, box.width, box.height, showed), data, place);
  plot.hidden = true;
  new ResizeObserver(() => drawn.setSize({ width: place.clientWidth, height: box.height })).observe(place);
  return (by) => {
    const to = by === "all" ? { min: whole[0], max: whole[1] } : moved(drawn, whole, by);
    drawn.setScale("x", to);
  };
}

for (const tools of document.querySelectorAll("[data-zoom]:not([data-ready])")) {
  let zoom;
  tools.dataset.ready = "";
  tools.hidden = false;
  tools.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    try {
      zoom ??= open(tools.closest("figure"), tools);
      (await zoom)(button.value);
    } catch {
      zoom = undefined;
      tools.querySelector("[role=status]").textContent = tools.dataset.failed;
    }
  });
}
