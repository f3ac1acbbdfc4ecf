// A board of rows in their given order: names, numbers, trends, ranges, verdicts.
// A figure: { columns: [{ key, kind, title, width, unit, strong, from, to }], rows: [{ key, status, href, ...cells }], title, note, empty }.
const pct = (v, c) => `${Math.max(0, Math.min(100, (100 * (v - c.from)) / (c.to - c.from || 1))).toFixed(2)}%`
const away = (href, inner) => (/^\/[a-z]/.test(href ?? "") ? `<a href="${esc(href)}" target="_self">${inner}</a>` : inner)
const CELLS = {
  name: (v, c, row) => mark(row.status ?? "ok") + `<span class="who">${away(row.href, esc(v))}</span>`,
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
const BOARD = `<section class="root boardbox"><h3></h3><table class="board"><thead><tr></tr></thead><tbody></tbody></table><p class="empty"></p><p class="note"></p></section>`

function draw(root, d) {
  const $ = (q) => root.querySelector(q), table = $("table"), shape = JSON.stringify(d.columns)
  putHtml($("h3"), rich(d.title)); put($(".note"), d.note ?? ""); put($(".empty"), d.rows.length ? "" : d.empty ?? "Nothing to show")
  attr(table, "data-empty", String(!d.rows.length))
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
    d.columns.forEach((c, k) => putHtml(tr.cells[k], row[c.key] == null ? (c.kind === "spark" || c.kind === "range" || c.kind === "parts" ? "" : '<i class="nil">–</i>') : CELLS[c.kind](row[c.key], c, row)))
  })
}
export default function (component) { return attach(component, BOARD, draw) }
