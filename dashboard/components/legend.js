// What the colours of a map mean: steps with the number or the word under each.
const LEGEND = `<div class="root legend"><div class="steps"></div><div class="marks"></div><p></p></div>`
function draw(root, d) {
  const $ = (q) => root.querySelector(q), colour = (c) => (/^#[0-9A-Fa-f]{6}$/.test(c) ? c : "transparent")
  putHtml($(".steps"), d.steps.map((c) => `<i style="background:${colour(c)}"></i>`).join(""))
  attr($(".marks"), "data-each", String(d.marks.length === d.steps.length))
  putHtml($(".marks"), d.marks.map((m) => `<span>${esc(m)}</span>`).join(""))
  put($("p"), d.note)
}
export default function (component) { return attach(component, LEGEND, draw) }
