// A board of rows in their given order: names, numbers, trends, ranges, verdicts.
// A figure: { columns: [{ key, kind, title, width, unit, strong, from, to }], rows: [{ key, status, href, ...cells }], title, note, empty }, and, if its
// age is to be counted, what a tile carries: as_of, cadence.
// A row { unmarked: true } has no status: it is no more than words and numbers.
// A row { fold: true, name } is a line that shows and hides the rows with { folded: true }; whether it is open stays with the page.
const pct = (v, c) => `${Math.max(0, Math.min(100, (100 * (v - c.from)) / (c.to - c.from || 1))).toFixed(2)}%`
const away = (href, inner) => (/^\/[a-z]/.test(href ?? "") ? `<a href="${esc(href)}" target="_self">${inner}</a>` : inner)
const CELLS = {
  name: (v, c, row) => (row.unmarked ? "" : mark(row.status ?? "ok")) + `<span class="who">${away(row.href, esc(v).replaceAll("/", "/<wbr>"))}</span>`,
  text: (v, c, row) => esc(v),
  num: (v, c) => `${esc(v)}${c.unit ? `<small>${esc(c.unit)}</small>` : ""}`,
  // { values, band: [low, high], target, floor }: the scale reaches down to the floor, if there is one
  spark: (v) => `<div class="sparkbox">${spark(v.values, v.band, 300, 40, v.target, v.floor)}</div>`,
  // { mark, text }
  word: (v, c, row) => mark(v.mark ?? row.status) + `<span>${esc(v.text)}</span>`,
  // { value, low, high, target }: where a value lies between its own usual limits, and the promise
  range: (v, c) => `<div class="rangebox"><i class="limits" style="left:${pct(v.low, c)};right:calc(100% - ${pct(v.high, c)})"></i>` +
    (v.target == null ? "" : `<i class="goal" style="left:${pct(v.target, c)}"></i>`) +
    (v.value == null ? "" : `<i class="point" data-out="${v.value < v.low || v.value > v.high}" style="left:${pct(v.value, c)}"></i>`) + "</div>",
  // [{ share, step }]: parts of a whole, light to dark
  parts: (v) => `<div class="partsbox">${v.map((p) => `<i data-step="${esc(p.step)}" style="width:${(100 * p.share).toFixed(2)}%"></i>`).join("")}</div>`,
}
const BOARD = `<section class="root boardbox"><header><h3></h3><span class="age"></span></header><table class="board"><thead><tr></tr></thead><tbody></tbody></table><p class="empty"></p><p class="note"></p></section>`

function draw(root, d, age) {
  const $ = (q) => root.querySelector(q), table = $("table"), shape = JSON.stringify(d.columns)
  putHtml($("h3"), rich(d.title)); put($(".note"), d.note ?? ""); put($(".empty"), d.rows.length ? "" : d.empty ?? "Nothing to show")
  attr(table, "data-empty", String(!d.rows.length))
  const fresh = "cadence" in d ? freshness(age, d.cadence) : "live"
  attr(root, "data-fresh", fresh)
  putHtml($(".age"), !("cadence" in d) || !d.title ? "" : fresh === "live" ? span(age) : mark(fresh) + (fresh === "unknown" ? unknown(age).toLowerCase() : fresh === "stale" ? `${span(age)} old` : `late ${span(age)}`))
  root.onclick ??= (event) => { const button = event.target.closest("button"); if (button) fold(root, button) }
  if (root._shape !== shape) {
    root._shape = shape
    $("thead tr").innerHTML = d.columns.map((c) => `<th scope="col" class="${esc(c.kind)}">${esc(c.title)}</th>`).join("")
    table.tBodies[0].innerHTML = ""
    table.style.gridTemplateColumns = d.columns.map((c) => c.width).join(" ")
  }
  const body = table.tBodies[0]
  while (body.rows.length > d.rows.length) body.deleteRow(-1)
  while (body.rows.length < d.rows.length) body.insertRow().innerHTML = d.columns.map((c) => `<td class="${esc(c.kind)}${c.strong ? " strong" : ""}"></td>`).join("")
  d.rows.forEach((row, i) => {
    const tr = body.rows[i]
    attr(tr, "data-status", row.status ?? "ok"); attr(tr, "data-total", String(!!row.total))
    attr(tr, "data-fold", String(!!row.fold)); attr(tr, "data-folded", String(!!row.folded))
    if (row.fold) {
      putHtml(tr.cells[0], `<button type="button"><i></i>${esc(row.name)}</button>`)
      return attr(tr.cells[0].firstElementChild, "aria-expanded", String(!!root._unfolded))
    }
    d.columns.forEach((c, k) => putHtml(tr.cells[k], row[c.key] == null ? (c.kind === "spark" || c.kind === "range" || c.kind === "parts" ? "" : '<i class="nil">–</i>') : CELLS[c.kind](row[c.key], c, row)))
  })
  // A name on a wall that is too long for its line takes two.
  if (root.dataset.size === "wall") for (const { cells: [name] } of body.rows) tighten(name, 1)
}
function fold(root, button) {
  root._unfolded = !root._unfolded
  attr(root, "data-unfolded", String(root._unfolded)); attr(button, "aria-expanded", String(root._unfolded))
}
export default function (component) { return attach(component, BOARD, draw) }
