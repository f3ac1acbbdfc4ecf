const PEOPLE = `<section class="root panel people"><header><h2></h2><span class="age"></span></header><div class="groups"></div><p class="note"><span class="status"></span><span></span></p></section>`

function draw(root, d, age) {
  const $ = (q) => root.querySelector(q)
  const fresh = freshness(age, d.cadence), gone = fresh === "unknown", state = gone || fresh === "stale" ? fresh : d.status
  attr(root, "data-fresh", fresh); attr(root, "data-status", state)
  putHtml($("h2"), link(d.href, esc(d.label))); attr(root, "title", d.definition ?? "")
  putHtml($(".age"), fresh === "live" ? span(age) : gone ? "" : mark("late") + (fresh === "stale" ? `${span(age)} old` : `late ${span(age)}`))
  const all = d.groups.reduce((sum, [, n]) => sum + n, 0)
  attr($(".groups"), "data-crowd", all > 90 ? "none" : all > 38 ? "small" : "")
  putHtml($(".groups"), d.groups.map(([word, n], i) =>
    `<div class="g${i}" style="flex:${gone ? 1 : Math.max(n, 5)}"><b>${gone ? "?" : +n}</b><small>${esc(word)}</small><p>${gone ? "" : "<i></i>".repeat(n)}</p></div>`).join(""))
  putHtml($(".note .status"), gone || d.status === "watch" || !d.note ? mark(state) : "")
  put($(".note span:last-child"), gone ? unknown(age) : d.note)
}
export default function (component) { return attach(component, PEOPLE, draw) }
