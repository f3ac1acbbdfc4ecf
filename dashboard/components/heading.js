// The heading of a panel whose chart Streamlit draws: the answer in words, and the age, which it also tells the panel around it.
const HEADING = `<header class="root heading"><h2></h2><span class="age"></span></header>`

function draw(root, d, age) {
  const $ = (q) => root.querySelector(q)
  const fresh = freshness(age, d.cadence)
  attr(root, "data-fresh", fresh); attr(root, "title", d.definition ?? "")
  putHtml($("h2"), link(d.href, rich(fresh === "unknown" ? d.subject : d.label)))
  putHtml($(".age"), fresh === "live" ? span(age) : mark(fresh) + (fresh === "late" ? `late ${span(age)}` : fresh === "stale" ? `${span(age)} old` : unknown(age)))
  const panel = root.getRootNode().host?.closest('[class*="st-key-panel_"]')
  if (panel) attr(panel, "data-fresh", fresh)
}
export default function (component) { return attach(component, HEADING, draw) }
