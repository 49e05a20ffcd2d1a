// Heading, verdict in words, settings, and the order of it all.
const readable = (key) => key.replaceAll("_", " ");
const valueText = (value) =>
  value === null ? "\u2013" : typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value);
const joined = (parts) => (parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`);

const drawHeading = () => {
  const common = summary.common, first = summary.runs[0];
  const title = single ? `${groups[0].label}, seed ${first.seed}` : `${plural(groups.length, "setting")} on ${common.dataset ?? "several data sets"}`;
  document.getElementById("title").textContent = title;
  document.title = `${title} \u2013 bvae report`;
  const facts = [];
  if ("dataset" in common) facts.push(`${common.dataset}${"train_samples" in common ? `, ${common.train_samples} training and ${common.test_samples} test images` : ""}`);
  if ("model" in common) facts.push(`model ${common.model} with ${common.latents ?? "several numbers of"} latents`);
  if ("likelihood" in common) facts.push(`${common.likelihood} likelihood`);
  if ("divergence" in common) facts.push(`divergence ${common.divergence}`);
  if ("epochs" in common) facts.push(single && first.results.epochs !== common.epochs ? `${first.results.epochs} of ${plural(common.epochs, "epoch")}` : plural(common.epochs, "epoch"));
  if (!single) facts.push(`${plural(summary.runs.length, "run")}, ${plural(summary.seeds.length, "seed")}`);
  document.getElementById("lead").textContent = `${facts.join(" \u00b7 ")} \u00b7 bvae ${summary.bvae}`;
  const main = document.querySelector("main");
  if (single && first.results.stopped !== null)
    main.prepend(html("p", { class: "warning" }, `Training ended early, after ${plural(first.results.epochs, "epoch")}: ${first.results.stopped}`));
  if (summary.counts.excluded > 0) main.prepend(html("div", { class: "warning", id: "excluded" },
    `${summary.counts.excluded} of ${plural(summary.counts.found, "run")} (${percent(summary.counts.excluded_share)}) ${summary.counts.excluded === 1 ? "is" : "are"} in no number of this report:`,
    html("ul", {}, ...summary.excluded.map((run) => html("li", {}, html("code", {}, run.folder), ` is ${run.state}: ${run.reason}`)))));
};

// One sentence a group: what is told apart from its baseline, by how much, and what is not.
const sentence = (index, baseline) => {
  const all = summary.comparisons.filter((it) => it.group === index && it.difference !== null);
  const parts = [];
  for (const it of all.filter((c) => c.verdict === "higher" || c.verdict === "lower")) {
    const { title, digits, better } = metricOf(it.metric), unit = unitOf(metricOf(it.metric)), { mean, low, high } = it.difference;
    const [least, most] = mean > 0 ? [low, high] : [-high, -low];
    const judged = better === "" ? "" : it.verdict === better ? ", better" : ", worse";
    parts.push(`${title} ${it.verdict} by ${fixed(Math.abs(mean), digits)}${unit === "" ? "" : ` ${unit}`} (${fixed(least, digits)} to ${fixed(most, digits)}${judged})`);
  }
  const same = all.filter((it) => it.verdict === "not told apart").map((it) => metricOf(it.metric).title);
  for (const it of all.filter((c) => c.verdict === "same in every seed")) {
    const { title, digits } = metricOf(it.metric);
    parts.push(`${title} ${it.difference.mean > 0 ? "higher" : "lower"} by ${fixed(Math.abs(it.difference.mean), digits)} in every seed, which no test can judge`);
  }
  const unjudged = all.filter((it) => it.verdict === null).map((it) => metricOf(it.metric).title);
  const item = html("li", {}, html("b", {}, groups[index].label), html("span", { class: "than" }, ` against ${groups[baseline].label}: `));
  if (parts.length > 0) item.append(`${joined(parts)}. `);
  if (same.length > 0) item.append(parts.length === 0 && unjudged.length === 0 ? "not told apart in any measure." : `Not told apart: ${joined(same)}.`);
  if (unjudged.length > 0) item.append(` Not judged, for want of two common seeds: ${joined(unjudged)}.`);
  if (all.length === 0) item.append("no seed in common.");
  return item;
};

const drawVerdict = () => {
  if (single || groups.length === 1) return;
  const place = section("verdict");
  const pairs = new Map(summary.comparisons.map((it) => [it.group, it.baseline]));
  if (pairs.size === 0) return place.append(html("p", {}, "There is no group that another could fairly be compared with."));
  const family = new Set(summary.comparisons.filter((it) => it.p !== null).map((it) => it.group)).size;
  place.append(html("p", { class: "note" },
    `Runs of one seed are paired; brackets hold the 95\u202f% interval of the difference. A difference is claimed only where the paired t-test, corrected by Holm for the ${plural(family, "comparison")} of its measure, gives p \u2264 ${summary.significance}. The rest lies inside the noise of the seeds.`));
  place.append(html("ul", { class: "verdicts" }, ...[...pairs].map(([index, baseline]) => sentence(index, baseline))));
};

const drawTiles = () => {
  const place = section("numbers"), { results } = summary.runs[0];
  const tiles = listed.filter((metric) => runValue(summary.runs[0], metric.key) !== null).map((metric) => {
    const value = fixed(runValue(summary.runs[0], metric.key), metric.key === "active_units" ? 0 : metric.digits);
    const unit = metric.key === "active_units" ? `of ${results.latents}` : unitOf(metric);
    return html("div", {}, html("dt", { title: metric.meaning }, metric.title),
      html("dd", { "data-metric": metric.key }, html("span", { class: "mean" }, value), unit === "" ? null : html("small", {}, ` ${unit}`)));
  });
  place.append(html("dl", { class: "tiles" }, ...tiles), html("p", { class: "note" },
    "On the test images at beta\u202f=\u202f1, each image once. One seed says nothing about the spread: no intervals."));
};

const drawSettings = () => {
  const place = section("settings");
  if (!single) place.append(html("p", { class: "note" }, "What all runs have in common. The groups differ in what their labels say."));
  const settings = single ? summary.runs[0].config : summary.common;
  place.append(html("dl", { class: "settings" }, ...Object.entries(settings).map(([key, value]) =>
    html("div", {}, html("dt", {}, readable(key)), html("dd", {}, valueText(value))))));
};

const setUpTheme = () => {
  const root = document.documentElement, button = document.getElementById("theme");
  const preference = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (preference.matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`); };
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
  preference.addEventListener("change", name);
  name();
};

setUpTheme();
drawHeading();
if (single) {
  drawTiles();
} else {
  drawVerdict();
  drawTable();
}
drawTraining();
if (!single) drawPlane();
drawLatents();
drawSettings();
document.getElementById("pictures").hidden = false;
