// The board of queues: a fixed number of columns, rows that never move, trouble shown in place.
const QUEUES = `<section class="root queues"><div class="head" role="row"></div><div class="rows" role="rowgroup"></div><p class="more"></p><p class="empty"></p></section>`
const ROW = `<div class="name" role="rowheader"><span class="tell"></span><span class="who"><b></b><small></small></span></div>${'<div class="cell" role="cell"></div>'.repeat(4)}`

function draw(root, d) {
  const $ = (q) => root.querySelector(q)
  putHtml($(".head"), d.titles.map((title, i) => `<span class="${i ? "" : "first"}" role="columnheader">${link(d.links[i - 1], esc(title))}</span>`).join(""))
  const rows = $(".rows")
  while (rows.children.length > d.rows.length) rows.lastElementChild.remove()
  while (rows.children.length < d.rows.length) { const row = document.createElement("div"); row.className = "row"; row.setAttribute("role", "row"); row.innerHTML = ROW; rows.append(row) }
  attr(root, "data-rows", d.rows.length > 6 ? "many" : d.rows.length > 5 ? "six" : "few")
  d.rows.forEach((row, i) => drawRow(rows.children[i], row))
  put($(".more"), d.more); put($(".empty"), d.rows.length ? "" : d.empty)
}
function drawRow(el, row) {
  const age = hub.ageOf(row), fresh = freshness(age, row.cadence)
  const state = fresh === "stale" || fresh === "unknown" ? fresh : row.status
  attr(el, "data-status", state); attr(el, "data-fresh", fresh)
  attr(el, "data-was", fresh === "stale" && (row.status === "act" || row.status === "watch") ? row.status : "")
  putHtml(el.querySelector(".tell"), mark(state)); put(el.querySelector("b"), row.name)
  attr(el, "data-long", row.name.length > 27 ? "very" : row.name.length > 19 ? "yes" : "")
  const was = el.dataset.was ? `, was ${WORDS[el.dataset.was]}` : ""
  const told = fresh === "unknown" ? unknown(age) : fresh === "stale" ? `${span(age)} old${was}` : fresh === "late" ? `late ${span(age)}` : row.note
  attr(el, "data-hand", String(!!row.by_hand))
  put(el.querySelector("small"), row.by_hand ? (told ? `${row.by_hand}, ${told.toLowerCase()}` : row.by_hand) : told)
  row.cells.forEach((cell, k) => {
    const html = fresh === "unknown" ? '<i class="nil">?</i>' : cell.text == null ? '<i class="nil">–</i>' : `${cell.few ? `<span class="few">${esc(cell.text)}</span>` : esc(cell.text)}${cell.unit ? `<small>${esc(cell.unit)}</small>` : ""}`
    putHtml(el.children[k + 1], html)
  })
}
export default function (component) { return attach(component, QUEUES, draw) }
