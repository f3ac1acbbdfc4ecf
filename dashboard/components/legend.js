// What the colours of a map mean: steps with the number or the word under each.
const LEGEND = `<div class="root legend"><div class="steps"></div><div class="marks"></div><p></p></div>`
function draw(root, d) {
  const $ = (q) => root.querySelector(q), colour = (c) => (/^#[0-9A-Fa-f]{6}$/.test(c) ? c : "transparent")
  putHtml($(".steps"), d.steps.map((c) => `<i style="background:${colour(c)}"></i>`).join(""))
  attr($(".marks"), "data-each", String(d.marks.length === d.steps.length))
  putHtml($(".marks"), d.marks.map((m) => `<span>${esc(m)}</span>`).join(""))
  put($("p"), d.note)
}
// The map above is drawn by the graphics card. One whose memory was taken away (a driver's reset, a sleep) stays blank for good: the page is
// loaded anew. A browser that can draw none says so in its place (static/app.css), and a display tries again.
globalThis.city311map ??= watchMap()
function watchMap() {
  const PROBE_EVERY_TICKS = 10, MAP = '[data-testid="stDeckGlJsonChart"]'
  const root = document.documentElement, drawn = document.createElement("canvas").getContext("webgl2")
  let lost = null, ticks = 0
  drawn?.getExtension("WEBGL_lose_context")?.loseContext()
  const state = () => (!drawn ? "none" : lost?.isConnected ? "lost" : "")
  function watch() {
    const now = state()
    if (now) attr(root, "data-map", now)
    else root.removeAttribute("data-map")
    if (ticks++ % PROBE_EVERY_TICKS === 0 && (now === "lost" || (now && root.dataset.wall))) hub.renew(state)
  }
  for (const kind of ["webglcontextlost", "webglcontextcreationerror"]) {
    document.addEventListener(kind, (event) => { if (event.target.closest(MAP)) { lost = event.target; ticks = 0; watch() } }, true)
  }
  watch(); setInterval(watch, 1000)
  return true
}
export default function (component) { return attach(component, LEGEND, draw) }
