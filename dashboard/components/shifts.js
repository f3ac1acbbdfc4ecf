// People required and short in the next hours, a row a span of hours; the last line says what no feed tells.
const SHIFTS = `<section class="root shifts"><table><thead><tr><th class="title"></th><th>Required</th><th>Short</th></tr></thead><tbody></tbody></table><p class="empty"></p><p class="line"></p></section>`
function draw(root, d) {
  const $ = (q) => root.querySelector(q)
  put($(".title"), d.title); put($(".line"), d.line); put($(".empty"), d.rows.length ? "" : d.empty)
  putHtml($("tbody"), d.rows.map((r) => `<tr data-status="${esc(r.status)}"><th>${esc(r.when)}</th><td>${esc(r.required)}</td><td><span class="status">${r.status === "none" ? "" : mark(r.status)}</span> ${r.short == null ? "no schedule" : esc(r.short)}</td></tr>`).join(""))
}
export default function (component) { return attach(component, SHIFTS, draw) }
