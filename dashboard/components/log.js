// Time, who, what: the newest first.
const LOG = `<section class="root log"><h2></h2><ol></ol><p class="empty"></p></section>`
function draw(root, d) {
  const $ = (q) => root.querySelector(q)
  put($("h2"), d.title); put($(".empty"), d.rows.length ? "" : d.empty)
  putHtml($("ol"), d.rows.map((r) => `<li><time>${esc(r.time)}</time><p><b>${esc(r.who)}</b> ${esc(r.what)}</p></li>`).join(""))
}
export default function (component) { return attach(component, LOG, draw) }
