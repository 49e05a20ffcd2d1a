// The table: groups, or all runs, sorted by any column.
const comparisonOf = (group, metric) => summary.comparisons.find((it) => it.group === group && it.metric === metric) ?? null;

const signOf = (comparison, digits) => {
  if (comparison === null || comparison.verdict === null) return null;
  const { verdict, difference, p_holm: p, note } = comparison;
  const [kind, sign] = { higher: ["higher", "\u25b2"], lower: ["lower", "\u25bc"], "same in every seed": ["same", "="] }[verdict] ?? ["same", "\u2248"];
  const by = difference.low === null ? (difference.mean === 0 ? note : `difference ${signed(difference.mean, digits)}: ${note}`)
    : `difference ${signed(difference.mean, digits)}, 95\u202f% interval ${signed(difference.low, digits)} to ${signed(difference.high, digits)}, p ${p.toPrecision(2)} after Holm`;
  const title = `${verdict} than ${groups[comparison.baseline].label} (${by})`;
  return html("span", { class: `sign ${kind}`, title: verdict === "not told apart" ? title.replace(" than ", " from ") : title.replace("seed than", "seed, against"), role: "img", "aria-label": title }, sign);
};

const numberCell = (key, mean, children) => html("td", { "data-metric": key, "data-value": mean }, ...children);
const valueOf = (cell) => {
  const value = cell.dataset.value;
  return value === undefined ? cell.textContent : value === "" || value === "null" ? null : Number(value);
};

const groupRows = () => groups.map((group, index) => html("tr", { "data-row": index },
  html("th", { scope: "row" }, html("span", { class: "label" }, group.label)),
  html("td", { "data-metric": "seeds", "data-value": group.seeds.length }, String(group.seeds.length)),
  ...listed.map((metric) => {
    const estimate = group.metrics[metric.key];
    if (estimate === null) return numberCell(metric.key, "", ["\u2013"]);
    const spread = estimate.low === null ? [] : [html("span", { class: "half" }, ` \u00b1 ${fixed(half(estimate), metric.digits)}`)];
    const part = estimate.n < group.seeds.length ? [html("span", { class: "half", title: "in the other runs it is no number" }, ` (${estimate.n} of ${group.seeds.length})`)] : [];
    const sign = groups.length > 1 && metric.compared ? [signOf(comparisonOf(index, metric.key), metric.digits) ?? html("span", { class: "sign" })] : [];
    return numberCell(metric.key, estimate.mean, [html("span", { class: "mean" }, fixed(estimate.mean, metric.digits)), ...spread, ...part, ...sign]);
  })));

const runRows = () => summary.runs.map((run, index) => html("tr", { "data-row": index },
  html("th", { scope: "row" }, html("span", { class: "label" }, groups[run.group].label)),
  html("td", { "data-metric": "seed", "data-value": run.seed }, String(run.seed)),
  ...listed.map((metric) => {
    const value = runValue(run, metric.key);
    return numberCell(metric.key, value ?? "", [value === null ? "\u2013" : fixed(value, metric.key === "active_units" ? 0 : metric.digits)]);
  }),
  html("td", { class: "text" }, run.folder)));

const sortBy = (table, column, direction) => {
  const body = table.tBodies[0];
  const sorted = [...body.rows].map((row) => ({ row, value: valueOf(row.cells[column]) }));
  // What is not known goes to the end, whichever the direction.
  sorted.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
    const order = typeof a.value === "number" ? a.value - b.value : a.value.localeCompare(b.value, "en", { numeric: true });
    return direction === "ascending" ? order : -order;
  });
  body.append(...sorted.map(({ row }) => row));
  [...table.tHead.rows[0].cells].forEach((cell, index) => {
    if (index === column) cell.setAttribute("aria-sort", direction); else cell.removeAttribute("aria-sort");
  });
};

const makeTable = (name, first, rows, extra) => {
  const head = html("tr");
  const columns = [["Group", ""], [first, ""], ...listed.map((metric) => [metric.title, unitOf(metric), metric.meaning]), ...extra];
  const table = html("table", { "aria-label": name }, html("thead", {}, head), html("tbody", {}, ...rows));
  columns.forEach(([title, unit, meaning], index) => {
    const button = html("button", { type: "button", title: meaning }, title);
    button.addEventListener("click", () =>
      sortBy(table, index, head.cells[index].getAttribute("aria-sort") === "ascending" ? "descending" : "ascending"));
    head.append(html("th", { scope: "col" }, button, unit === "" ? null : html("span", { class: "unit" }, unit)));
  });
  return table;
};

const drawTable = () => {
  const place = section("numbers");
  const tables = [makeTable("Groups", "Seeds", groupRows(), []), makeTable("All runs", "Seed", runRows(), [["Folder", ""]])];
  const scroll = html("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of numbers" });
  const buttons = ["Groups", "All runs"].map((name, index) => {
    const button = html("button", { type: "button", id: index === 0 ? "by-group" : "by-run" }, name);
    button.addEventListener("click", () => show(index));
    return button;
  });
  const show = (index) => {
    scroll.replaceChildren(tables[index]);
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
  };
  show(0);
  const several = groups.some((group) => group.seeds.length > 1);
  const parts = ["On the test images at beta\u202f=\u202f1, each image once."];
  if (several) parts.push("Mean of the seeds \u00b1 half of the 95\u202f% interval (Student\u2019s t).");
  if (groups.some((group) => group.seeds.length === 1)) parts.push("One seed says nothing about the spread: no interval.");
  if (summary.comparisons.some((it) => it.verdict !== null)) parts.push("\u25b2 higher, \u25bc lower, \u2248 not told apart from the baseline (see the verdict).");
  place.append(html("div", { class: "controls", role: "group", "aria-label": "Rows" }, ...buttons), scroll, html("p", { class: "note" }, parts.join(" ")));
};
