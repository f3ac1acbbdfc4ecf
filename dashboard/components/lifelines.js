// Community lifelines: those that are not stable with their word and reason, the others counted in words.
const LINES = `<section class="root lines"><h2></h2><ul></ul><p class="others"></p></section>`
function draw(root, d) {
  const $ = (q) => root.querySelector(q)
  put($("h2"), d.title); put($(".others"), d.others)
  putHtml($("ul"), d.rows.map((r) => `<li data-status="${esc(r.status)}"><span class="status">${mark(r.status)}</span><p><b>${esc(r.name)}</b> ${esc(r.word)}</p></li>`).join(""))
}
export default function (component) { return attach(component, LINES, draw) }
