// A desk's board: rows in their given order; an "age" column is counted here, second by second.
const TABLE = `<section class="root table"><h3></h3><table><thead><tr></tr></thead><tbody></tbody></table><p class="empty"></p></section>`

function draw(root, d) {
  const $ = (q) => root.querySelector(q)
  put($("h3"), d.title)
  putHtml($("thead tr"), d.columns.map((c) => `<th scope="col" class="${esc(c.kind)}">${esc(c.title)}</th>`).join(""))
  const table = $("table"), body = table.tBodies[0]
  if (table.style.gridTemplateColumns !== d.columns.map((c) => c.width).join(" ")) table.style.gridTemplateColumns = d.columns.map((c) => c.width).join(" ")
  while (body.rows.length > d.rows.length) body.deleteRow(-1)
  while (body.rows.length < d.rows.length) body.insertRow().innerHTML = d.columns.map((c) => `<td class="${esc(c.kind)}"></td>`).join("")
  d.rows.forEach((row, i) => {
    const tr = body.rows[i], timed = "cadence" in row, age = timed ? hub.ageOf(row) : 0, fresh = timed ? freshness(age, row.cadence) : "live"
    const state = fresh === "stale" || fresh === "unknown" ? fresh : row.status
    attr(tr, "data-status", state); attr(tr, "data-fresh", fresh)
    row.cells.forEach((cell, k) => {
      const kind = d.columns[k].kind
      const aged = fresh === "live" ? `${span(age)} ago` : mark(fresh) + (fresh === "unknown" ? unknown(age).toLowerCase() : `${fresh} ${span(age)}`)
      putHtml(tr.cells[k], kind === "age" ? aged : cell == null ? '<i class="nil">–</i>' : kind === "name" && timed ? mark(state) + `<span>${esc(cell)}</span>` : esc(cell))
    })
  })
  put($(".empty"), d.rows.length ? "" : d.empty); attr(table, "data-empty", String(!d.rows.length))
}
export default function (component) { return attach(component, TABLE, draw) }
