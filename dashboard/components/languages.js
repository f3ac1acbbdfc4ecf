const LANGUAGES = `<section class="root panel languages"><header><h2></h2><span class="age"></span></header><div class="cells"></div></section>`

function draw(root, d, age) {
  const $ = (q) => root.querySelector(q)
  const fresh = freshness(age, d.cadence), gone = fresh === "unknown"
  attr(root, "data-fresh", fresh); attr(root, "data-status", gone || fresh === "stale" ? fresh : "ok")
  putHtml($("h2"), link(d.href, esc(d.label))); attr(root, "title", d.definition ?? "")
  putHtml($(".age"), fresh === "live" ? span(age) : gone ? "" : mark("late") + (fresh === "stale" ? `${span(age)} old` : `late ${span(age)}`))
  attr($(".cells"), "data-list", String(!gone && d.cells.length > 0))
  putHtml($(".cells"), gone ? `<b class="nil">?</b><small class="gone">${mark("unknown")} ${unknown(age)}</small>`
    : !d.cells.length ? `<b class="nil">–</b><small>${esc(d.empty)}</small>`
    : d.cells.map((c) => `<div><em>${esc(c.value)}</em><span>${esc(c.word)}</span><small>${esc(c.note)}</small></div>`).join(""))
  for (const name of root.querySelectorAll(".cells span")) tighten(name, 1)
}
export default function (component) { return attach(component, LANGUAGES, draw) }
