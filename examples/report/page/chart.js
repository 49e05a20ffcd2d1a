// A chart: axes, what lies in them, and a tooltip that the pointer and the arrow keys move.
const niceTicks = (low, high, count) => {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k) ticks.push(k * step);
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9) + (step / power === 2.5 ? 1 : 0)));
  return ticks.map((value) => ({ value, text: fixed(value, digits) }));
};

// What it takes to show all numbers, with a little room; `floor` is a limit that they never pass.
const extent = (numbers, { floor = -Infinity, ceiling = Infinity, room = 0.06 } = {}) => {
  const known = numbers.filter((value) => value !== null && Number.isFinite(value));
  if (known.length === 0) return [0, 1];
  const low = Math.min(...known), high = Math.max(...known);
  const space = (high - low || Math.abs(high) || 1) * room;
  return [Math.max(floor, low - space), Math.min(ceiling, high + space)];
};

const tip = document.getElementById("tip");
const showTip = (chart, target) => {
  const rows = target.rows().map(([name, value]) => html("tr", {}, html("td", {}, name), html("td", {}, value)));
  tip.replaceChildren(html("p", {}, target.title), html("table", {}, ...rows));
  tip.hidden = false;
  const box = chart.node.getBoundingClientRect(), scale = box.width / chart.width, own = tip.getBoundingClientRect();
  const x = box.left + target.x * scale, y = box.top + target.y * scale;
  const left = x + 14 + own.width > innerWidth - 8 ? x - 14 - own.width : x + 14;
  tip.style.left = `${Math.max(8, Math.min(left, innerWidth - own.width - 8))}px`;
  tip.style.top = `${Math.max(8, Math.min(y - own.height / 2, innerHeight - own.height - 8))}px`;
};

// A chart is drawn about as wide as it will be shown, so that its texts are as large as those around it.
const roomOf = (most) => Math.round(Math.max(320, Math.min(most, document.querySelector("main").clientWidth)));

let chartCount = 0;
// `limits`: {x: [low, high], y: [low, high]}; `names`: what stands at the axes; `description` is for those who cannot see it.
const makeChart = ({ title, description, names, limits, width = 460, height = 270, xTicks = null, left = 46 }) => {
  const area = { left, right: width - 12, top: 28, bottom: height - 34 };
  const scale = ([low, high], from, to) => (value) => from + (value - low) / (high - low) * (to - from);
  const x = scale(limits.x, area.left, area.right), y = scale(limits.y, area.bottom, area.top);
  const id = `chart${chartCount++}`;
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: "0", "aria-labelledby": `${id}t ${id}d` },
    svg("title", { id: `${id}t` }, title), svg("desc", { id: `${id}d` }, description));
  const line = (name, x1, y1, x2, y2) => svg("line", { class: name, x1, y1, x2, y2 });
  for (const { value, text } of niceTicks(...limits.y, 5)) {
    node.append(line("gridline", area.left, y(value), area.right, y(value)));
    node.append(svg("text", { x: area.left - 7, y: y(value) + 4, "text-anchor": "end" }, text));
  }
  for (const { value, text } of xTicks ?? niceTicks(...limits.x, 6))
    node.append(svg("text", { x: x(value), y: area.bottom + 16, "text-anchor": "middle" }, text));
  node.append(line("axis", area.left, area.bottom, area.right, area.bottom));
  node.append(svg("text", { class: "unit", x: 0, y: 10 }, names.y));
  node.append(svg("text", { class: "unit", x: area.right, y: area.bottom + 30, "text-anchor": "end" }, names.x));
  const pointed = svg("g", { "aria-hidden": "true" });
  const chart = { node, width, area, x, y, targets: [], pointed, distance: null };

  // The nearest target under the pointer; the arrow keys go through them in order.
  let current = -1;
  const visible = () => chart.targets.filter((target) => target.group === undefined || !hiddenGroups.has(target.group));
  const leave = () => { current = -1; pointed.replaceChildren(); tip.hidden = true; };
  const point = (index) => {
    const targets = visible();
    if (targets.length === 0) return leave();
    current = Math.max(0, Math.min(index, targets.length - 1));
    pointed.replaceChildren(...targets[current].mark());
    node.append(pointed);
    showTip(chart, targets[current]);
  };
  node.addEventListener("pointermove", (event) => {
    const box = node.getBoundingClientRect(), ratio = width / box.width;
    const px = (event.clientX - box.left) * ratio, py = (event.clientY - box.top) * ratio;
    const targets = visible();
    let best = -1, least = Infinity;
    targets.forEach((target, index) => {
      const away = chart.distance(target, px, py);
      if (away < least) { least = away; best = index; }
    });
    if (best < 0 || least > 40) leave(); else point(best);
  });
  node.addEventListener("pointerleave", leave);
  node.addEventListener("blur", leave);
  node.addEventListener("focus", () => { if (node.matches(":focus-visible")) point(Math.max(0, current)); });
  node.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (event.key === "Escape") return leave();
    if (step === undefined) return;
    event.preventDefault();
    point(current < 0 ? 0 : current + step);
  });
  followers.push(leave);
  return chart;
};

const figureOf = (chart, title, caption, attributes = {}) =>
  html("figure", attributes, title === null ? null : html("h3", {}, title), chart.node,
    caption === null ? null : html("figcaption", {}, caption));

// A path through the points whose number is known; a gap where it is not.
const pathThrough = (points) => {
  let text = "", pen = false;
  for (const [px, py] of points) {
    const known = py !== null && Number.isFinite(py);
    if (known) text += `${pen ? "L" : "M"}${px.toFixed(2)} ${py.toFixed(2)}`;
    pen = known;
  }
  return text;
};
