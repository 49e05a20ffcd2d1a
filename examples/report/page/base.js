// What all parts use: the data, texts of numbers, elements, and which groups are shown.
const summary = JSON.parse(document.getElementById("summary").textContent);
const groups = summary.groups;
const single = summary.kind === "run" || summary.runs.length === 1;
const section = (id) => { const it = document.getElementById(id); it.hidden = false; return it; };

// A minus sign, no negative zero. toFixed rounds the exact value, as other programs do.
const fixed = (value, digits) => {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && /[1-9]/.test(text) ? "\u2212" + text : text;
};
const signed = (value, digits) => (value > 0 && /[1-9]/.test(value.toFixed(digits)) ? "+" : "") + fixed(value, digits);
const half = (estimate) => (estimate.high - estimate.low) / 2;
const withHalf = (estimate, digits) =>
  estimate === null ? "\u2013" : fixed(estimate.mean, digits) + (estimate.low === null ? "" : " \u00b1 " + fixed(half(estimate), digits));
const percent = (share) => `${Math.round(100 * share)}\u202f%`;
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const listed = summary.metrics.filter((metric) => metric.listed);
const metricOf = (key) => summary.metrics.find((metric) => metric.key === key);
// A likelihood that is no density measures reconstructions in no unit.
const isDensity = groups.some((group) => group.metrics.elbo !== null);
const unitOf = (metric) => (metric.key === "reconstruction" && !isDensity ? "" : metric.unit);
const runValue = (run, key) => {
  const value = run.results[key];
  return key === "log_likelihood" && value !== null ? value.mean : value;
};

// An element with attributes and children; texts are never read as markup.
const create = (namespace) => (name, attributes = {}, ...children) => {
  const it = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== null && value !== undefined) it.setAttribute(key, value);
  it.append(...children.filter((child) => child !== null));
  return it;
};
const html = create("http://www.w3.org/1999/xhtml");
const svg = create("http://www.w3.org/2000/svg");

// How series look: eight colours, and dashes and markers that change in other steps, so that no two are alike.
const dashes = ["", "7 3", "2 3", "9 3 2 3", "12 4", "5 2 1 2 1 2"];
const markers = [
  (r) => `M${-r} 0A${r} ${r} 0 1 0 ${r} 0A${r} ${r} 0 1 0 ${-r} 0Z`,
  (r) => `M${-r} ${-r}H${r}V${r}H${-r}Z`,
  (r) => `M0 ${-1.25 * r}L${1.2 * r} ${r}H${-1.2 * r}Z`,
  (r) => `M0 ${-1.35 * r}L${1.35 * r} 0L0 ${1.35 * r}L${-1.35 * r} 0Z`,
  (r) => `M0 ${1.25 * r}L${1.2 * r} ${-r}H${-1.2 * r}Z`,
  (r) => `M${-r / 2.5} ${-r * 1.2}h${r / 1.25}v${r * 0.8}h${r * 0.8}v${r / 1.25}h${-r * 0.8}v${r * 0.8}h${-r / 1.25}v${-r * 0.8}h${-r * 0.8}v${-r / 1.25}h${r * 0.8}Z`,
  (r) => `M${-r} 0L${-r / 2} ${-r}H${r / 2}L${r} 0L${r / 2} ${r}H${-r / 2}Z`,
];
const colour = (index) => `s${index % 8}`;
const dash = (index) => dashes[index % dashes.length];
const marker = (index, x, y, radius, name = "mark") =>
  svg("path", { class: `${name} ${colour(index)}`, transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})`, d: markers[index % markers.length](radius) });

// Which groups the figures show. Every figure and legend follows.
const hiddenGroups = new Set();
const followers = [];
const showOnly = () => {
  for (const it of document.querySelectorAll("[data-group]")) it.toggleAttribute("hidden", hiddenGroups.has(Number(it.dataset.group)));
  for (const follow of followers) follow();
};
const legend = () => {
  const list = html("ul", { class: "legend", "aria-label": "Groups: press one to hide or show it" });
  groups.forEach((group, index) => {
    const key = svg("svg", { width: 34, height: 12, viewBox: "0 0 34 12", "aria-hidden": "true", class: colour(index) },
      svg("path", { class: "curve", d: "M0 6H34", "stroke-dasharray": dash(index), style: "fill:none;stroke:var(--c);stroke-width:1.8" }),
      svg("path", { transform: "translate(17 6)", d: markers[index % markers.length](3.6), style: "fill:var(--c)" }));
    const button = html("button", { type: "button", "aria-pressed": "true" }, key, group.label);
    button.addEventListener("click", () => {
      if (!hiddenGroups.delete(index)) hiddenGroups.add(index);
      showOnly();
    });
    followers.push(() => button.setAttribute("aria-pressed", String(!hiddenGroups.has(index))));
    list.append(html("li", {}, button));
  });
  return list;
};
