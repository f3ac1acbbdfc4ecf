// The next two hours: a row a half hour, people short and the chance of the target; who lacks them, and how old the forecast is.
// A figure: { titles, rows: [{ from, short, chance, status }], line, status, as_of, cadence }; without rows only the line.
const AHEAD = `<section class="root ahead"><table><thead><tr></tr></thead><tbody></tbody></table><p class="line"></p><p class="age"></p></section>`

function draw(root, d, age) {
  const $ = (q) => root.querySelector(q), fresh = d.rows.length ? freshness(age, d.cadence) : "live"
  attr(root, "data-fresh", fresh); attr(root, "data-bare", String(!d.rows.length)); attr(root, "title", d.definition ?? "")
  putHtml($("thead tr"), d.titles.map((title) => `<th scope="col">${esc(title)}</th>`).join(""))
  putHtml($("tbody"), d.rows.map((row) => `<tr data-status="${esc(row.status)}"><th scope="row">${esc(row.from)}</th><td>${row.status === "ok" ? "" : mark(row.status)}<b>${row.short == null ? "–" : esc(row.short)}</b></td><td>${row.chance == null ? "–" : esc(row.chance)}</td></tr>`).join(""))
  put($(".line"), d.line)
  putHtml($(".age"), !d.rows.length ? "" : (fresh === "live" ? "" : mark(fresh)) + `forecast ${span(age)} old`)
}
export default function (component) { return attach(component, AHEAD, draw) }
