// The figures of the report, each from the summary alone.
const cursorOf = (chart, px) => svg("line", { class: "cursor", x1: px, x2: px, y1: chart.area.top, y2: chart.area.bottom });
const halo = (px, py, radius) => svg("circle", { class: "halo", cx: px, cy: py, r: radius });

const curveChart = (key, { title, unit, digits, floor, ceiling = Infinity }) => {
  const ends = groups.map((group) => ({ epoch: group.over_time.epoch, ...group.over_time[key] }));
  // Beta is known at many steps, the other numbers at the end of each epoch.
  const fine = key === "beta" && groups.every((group) => group.over_time.schedule !== null);
  const curves = fine ? groups.map((group) => group.over_time.schedule) : ends;
  const numbers = curves.flatMap((curve) => [...curve.mean, ...curve.low, ...curve.high]);
  const last = Math.max(...ends.map((curve) => curve.epoch.length));
  const chart = makeChart({
    title: `${title} over epochs`,
    description: groups.map((group, index) => {
      const { mean } = curves[index];
      return `${group.label}: from ${fixed(mean[0] ?? NaN, digits)} ${fine ? "at first" : "at epoch 1"} to ${fixed(mean.at(-1) ?? NaN, digits)} ${fine ? "at last" : `at epoch ${mean.length}`}.`;
    }).join(" "),
    names: { x: "epoch", y: unit },
    limits: { x: fine ? [0, last] : last === 1 ? [0.5, 1.5] : [1, last], y: extent(floor === undefined ? numbers : [floor, ...numbers.map((value) => Math.min(value, ceiling))], { floor }) },
    xTicks: epochTicks(last), width: roomOf(460),
  });
  curves.forEach((curve, index) => {
    const at = (column) => curve.epoch.map((epoch, i) => [chart.x(epoch), column[i] === null ? null : chart.y(column[i])]);
    const node = svg("g", { "data-group": index, class: colour(index) });
    // With few seeds an interval may reach beyond a limit that no number passes: it is cut there.
    const inside = (column) => column.map((value) => (value === null ? null : Math.min(ceiling, Math.max(floor ?? -Infinity, value))));
    const sure = curve.epoch.map((_, i) => i).filter((i) => curve.low[i] !== null);
    if (sure.length > 1) {
      const high = at(inside(curve.high)), low = at(inside(curve.low));
      node.append(svg("path", { class: "band", d: `${pathThrough(sure.map((i) => high[i]))}${pathThrough(sure.map((i) => low[i]).reverse()).replace("M", "L")}Z` }));
    }
    node.append(svg("path", { class: "curve", d: pathThrough(at(curve.mean)), "stroke-dasharray": dash(index) }));
    const shown = curve.mean.findLastIndex((value) => value !== null);
    if (shown >= 0) node.append(marker(index, chart.x(curve.epoch[shown]), chart.y(curve.mean[shown]), 3.6));
    chart.node.append(node);
  });
  const longest = curves.reduce((a, b) => (b.epoch.length > a.epoch.length ? b : a)).epoch;
  // The point of a curve at or before an epoch, as all curves need not have the same.
  const pointAt = (curve, epoch) => curve.epoch.findLastIndex((at) => at <= epoch + 1e-9);
  for (const epoch of longest) {
    const px = chart.x(epoch);
    const with_ = () => curves.map((curve, index) => [curve, index, fine ? pointAt(curve, epoch) : curve.epoch.indexOf(epoch)])
      .filter(([curve, index, i]) => !hiddenGroups.has(index) && i >= 0 && (curve.mean[i] ?? null) !== null);
    chart.targets.push({
      x: px, y: (chart.area.top + chart.area.bottom) / 2, title: `${title}, ${fine ? `after ${fixed(epoch, 2)} epochs` : `epoch ${epoch}`}`,
      rows: () => with_().map(([curve, index, i]) => [groups[index].label, withHalf({ mean: curve.mean[i], low: curve.low[i], high: curve.high[i] }, digits)]),
      mark: () => [cursorOf(chart, px), ...with_().map(([curve, index, i]) => marker(index, px, chart.y(curve.mean[i]), 3.6))],
    });
  }
  chart.distance = (target, px) => Math.abs(target.x - px);
  return figureOf(chart, title, null);
};

const epochTicks = (last) => {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500].find((s) => last / s <= 7) ?? Math.ceil(last / 7);
  const ticks = [1];
  for (let epoch = step === 1 ? 2 : step; epoch <= last; epoch += step) ticks.push(epoch);
  return [...new Set(ticks)].map((value) => ({ value, text: String(value) }));
};

const drawTraining = () => {
  const place = section("training");
  const banded = groups.some((group) => group.seeds.length > 1);
  place.append(html("p", { class: "note" }, "On the test images after each epoch; beta as it was during training. "
    + (banded ? "Lines are means of the seeds, bands their 95\u202f% intervals." : "")));
  if (groups.length > 1) place.append(legend());
  place.append(html("div", { class: "charts" },
    curveChart("beta", { title: "Beta", unit: "", digits: 3, floor: 0 }),
    curveChart("reconstruction", { title: "Reconstruction", unit: isDensity ? "nats per image" : "in no unit", digits: 2 }),
    curveChart("kl", { title: "KL", unit: "nats per image", digits: 2, floor: 0 }),
    curveChart("active_units", { title: "Active units", unit: "latents", digits: 1, floor: 0, ceiling: Math.max(...summary.runs.map((run) => run.results.latents)) })));
};

const drawPlane = () => {
  const points = summary.runs.map((run) => ({ run, rate: run.results.rate, distortion: run.results.distortion }))
    .filter((point) => point.rate !== null && point.distortion !== null);
  if (points.length === 0) return;
  const means = groups.map((group, index) => ({ index, rate: group.metrics.rate, distortion: group.metrics.distortion }))
    .filter((mean) => mean.rate !== null && mean.distortion !== null && mean.rate.n > 1);
  const along = (axis, floor) => extent([...points.map((p) => p[axis]), ...means.flatMap((m) => [m[axis].low, m[axis].high])], { room: 0.12, floor });
  const limits = { x: along("rate", 0), y: along("distortion") };
  const chart = makeChart({
    title: "Distortion over rate",
    description: groups.filter((group) => group.metrics.rate !== null && group.metrics.distortion !== null)
      .map((group) => `${group.label}: rate ${withHalf(group.metrics.rate, 2)}, distortion ${withHalf(group.metrics.distortion, 2)} nats.`).join(" "),
    names: { x: "rate (KL), nats per image", y: "distortion, nats per image" }, limits, width: roomOf(640), height: 400,
  });
  // Rate + distortion = -ELBO: on such a line, more of the one buys less of the other.
  const [x0, x1] = limits.x, [y0, y1] = limits.y;
  for (const { value, text } of niceTicks(x0 + y0, x1 + y1, 9)) {
    const from = Math.max(x0, value - y1), to = Math.min(x1, value - y0);
    if (to - from < (x1 - x0) * 0.03) continue;
    chart.node.append(svg("line", { class: "iso", x1: chart.x(from), y1: chart.y(value - from), x2: chart.x(to), y2: chart.y(value - to) }));
    const negated = value === 0 ? text : text.startsWith("\u2212") ? text.slice(1) : `\u2212${text}`;
    chart.node.append(svg("text", { class: "iso-name", x: chart.x(from) + 3, y: chart.y(value - from) - 3 }, `ELBO ${negated}`));
  }
  for (const { run, rate, distortion } of points) {
    const px = chart.x(rate), py = chart.y(distortion);
    const lone = groups[run.group].seeds.length === 1;
    chart.node.append(svg("g", { "data-group": run.group }, marker(run.group, px, py, lone ? 4.6 : 3, lone ? "mark" : "run")));
    chart.targets.push({
      x: px, y: py, group: run.group, title: `${groups[run.group].label}, seed ${run.seed}`,
      rows: () => [["rate", fixed(rate, 2)], ["distortion", fixed(distortion, 2)],
        ...(run.results.elbo === null ? [] : [["ELBO", fixed(run.results.elbo, 2)]])],
      mark: () => [halo(px, py, 6.5)],
    });
  }
  for (const { index, rate, distortion } of means) {
    const px = chart.x(rate.mean), py = chart.y(distortion.mean);
    const clip = (value, [low, high]) => Math.max(low, Math.min(high, value));
    chart.node.append(svg("g", { "data-group": index, class: colour(index) },
      svg("line", { class: "whisker", x1: chart.x(clip(rate.low, limits.x)), x2: chart.x(clip(rate.high, limits.x)), y1: py, y2: py }),
      svg("line", { class: "whisker", x1: px, x2: px, y1: chart.y(clip(distortion.low, limits.y)), y2: chart.y(clip(distortion.high, limits.y)) }),
      marker(index, px, py, 5.4)));
    chart.targets.push({
      x: px, y: py, group: index, title: `${groups[index].label}, mean of ${plural(rate.n, "seed")}`,
      rows: () => [["rate", withHalf(rate, 2)], ["distortion", withHalf(distortion, 2)]], mark: () => [halo(px, py, 9)],
    });
  }
  chart.distance = (target, px, py) => Math.hypot(target.x - px, target.y - py);
  const place = section("plane");
  if (groups.length > 1) place.append(legend());
  place.append(figureOf(chart, null, "Dotted lines join points of equal ELBO. "
    + (means.length > 0 ? "Small points are runs, large ones means with 95\u202f% intervals." : "Each point is a run."), { class: "wide" }));
};

const drawLatents = () => {
  const place = section("latents");
  const banded = groups.some((group) => group.seeds.length > 1);
  place.append(html("p", { class: "note" }, "Sorted, because latents have no order of their own."
    + (banded ? " Bars are means of the seeds, each run sorted by itself; lines are 95\u202f% intervals." : "")));
  const top = extent(groups.flatMap((group) => [...group.kl_per_latent.mean, ...group.kl_per_latent.high]), { floor: 0 })[1];
  // Of a single run it can be said which latent each is.
  const { kl_per_latent: kl } = summary.runs[0].results;
  const names = single ? kl.map((_, i) => i).sort((a, b) => kl[b] - kl[a]) : null;
  const charts = groups.map((group, index) => {
    const { mean, low, high } = group.kl_per_latent;
    const chart = makeChart({
      title: `KL of each latent, ${group.label}`,
      description: `${mean.length} latents. The largest has ${fixed(mean[0], 2)} nats, the least ${fixed(mean.at(-1), 2)}.`,
      names: { x: "latent, by KL", y: "nats" }, limits: { x: [0.5, mean.length + 0.5], y: [0, top] },
      width: groups.length === 1 ? roomOf(640) : 320, height: groups.length === 1 ? 260 : 210, xTicks: epochTicks(mean.length), left: 34,
    });
    const wide = Math.max(1, (chart.x(2) - chart.x(1)) * 0.72);
    const node = svg("g", { class: colour(index) });
    mean.forEach((value, i) => {
      const px = chart.x(i + 1), py = chart.y(value);
      node.append(svg("rect", { class: "bar", x: px - wide / 2, y: py, width: wide, height: Math.max(0, chart.area.bottom - py) }));
      if (low[i] !== null) node.append(svg("line", { style: "stroke:var(--ink);stroke-width:1", x1: px, x2: px, y1: chart.y(Math.max(0, low[i])), y2: chart.y(high[i]) }));
      chart.targets.push({
        x: px, y: py, title: names === null ? `latent ${i + 1} of ${mean.length}` : `z${names[i]}`,
        rows: () => [["KL", `${withHalf({ mean: value, low: low[i], high: high[i] }, 3)} nats`],
          ...(names === null ? [] : [["sigma", fixed(summary.runs[0].results.sigma_per_latent[names[i]], 3)]])],
        mark: () => [svg("rect", { class: "halo", x: px - wide / 2 - 1, y: py - 1, width: wide + 2, height: chart.area.bottom - py + 2 })],
      });
    });
    chart.node.append(node);
    chart.distance = (target, px) => Math.abs(target.x - px);
    return figureOf(chart, groups.length > 1 ? group.label : null, null, groups.length > 1 ? {} : { class: "wide" });
  });
  place.append(html("div", { class: groups.length > 1 ? "charts small" : "" }, ...charts));
};
