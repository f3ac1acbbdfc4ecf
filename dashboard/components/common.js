// Shared by every component: status marks, the age of data, the stream of figures, and writing to the page only what changed.
const MARKS = {
  ok: '<circle cx="12" cy="12" r="8.5" fill="none" stroke="currentColor" stroke-width="2.6"/>',
  watch: '<path d="M12 1.5 23.2 21.5H.8Z" fill="currentColor"/><path d="M12 8v7" stroke="var(--mark-ink)" stroke-width="2.8"/><circle cx="12" cy="18.2" r="1.6" fill="var(--mark-ink)"/>',
  act: '<path d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4Z" fill="currentColor"/><path d="M12 5.5v8" stroke="var(--mark-ink)" stroke-width="3.2"/><circle cx="12" cy="17.8" r="1.9" fill="var(--mark-ink)"/>',
  none: '<path d="M12 2 22 12 12 22 2 12Z" fill="none" stroke="currentColor" stroke-width="2.6"/>',
  late: '<circle cx="12" cy="12" r="9.5" fill="none" stroke="currentColor" stroke-width="2.6"/><path d="M12 6v6l4.5 3" fill="none" stroke="currentColor" stroke-width="2.6"/>',
  stale: '<path d="M4 1.5h16v21H4Z" fill="none" stroke="currentColor" stroke-width="2.6"/><path d="M5 14 19 4M5 21 19 11" stroke="currentColor" stroke-width="2.6"/>',
  unknown: '<rect x="1.8" y="1.8" width="20.4" height="20.4" fill="none" stroke="currentColor" stroke-width="2.6" stroke-dasharray="4.2 3"/><path d="M8.6 9.2a3.4 3.4 0 1 1 4.6 3.2q-1.2.5-1.2 2.2" fill="none" stroke="currentColor" stroke-width="2.6"/><circle cx="12" cy="18" r="1.6" fill="currentColor"/>',
  nodata: '<path d="M3 12h18" stroke="currentColor" stroke-width="3.4"/>',
}
const WORDS = { ok: "OK", watch: "Watch", act: "Act", none: "No target", late: "Late", stale: "Stale", unknown: "Unknown", nodata: "No data" }
const mark = (name) => `<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">${MARKS[name] ?? MARKS.none}</svg>`

// Names and reasons come from outside: escaped here, always. **bold** is the only markup.
const esc = (v) => String(v ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
const rich = (v) => esc(v).replace(/\*\*(.+?)\*\*/g, "<b>$1</b>")
const link = (href, inner) => (/^\/[a-z]/.test(href ?? "") ? `<a href="${esc(href)}" target="_blank" rel="noopener">${inner}</a>` : inner)
function put(el, text) { if (el && el.textContent !== text) el.textContent = text }
function putHtml(el, html) { if (el && el._html !== html) { el._html = html; el.innerHTML = html } }
function attr(el, name, value) { if (el.getAttribute(name) !== value) el.setAttribute(name, value) }

// 7 s, 4:37, 2 h 05 min, 3 d
function span(seconds) {
  const s = Math.max(0, Math.round(seconds))
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`
  if (s < 172800) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`
  return `${Math.floor(s / 86400)} d`
}
// The same rule as dashboard/freshness.py.
const LATE_AFTER_CADENCES = 2, STALE_AFTER_CADENCES = 5, UNKNOWN_AFTER_CADENCES = 20, CLOCK_AHEAD_SECONDS = 60
function freshness(age, cadence) {
  if (age == null || age < -CLOCK_AHEAD_SECONDS) return "unknown"
  if (age <= LATE_AFTER_CADENCES * cadence) return "live"
  if (age <= STALE_AFTER_CADENCES * cadence) return "late"
  return age <= UNKNOWN_AFTER_CADENCES * cadence ? "stale" : "unknown"
}
// What stands beside the word Unknown.
const silence = (age) => (age == null ? "never seen" : age < 0 ? "clock ahead" : `for ${span(age)}`)
const unknown = (age) => `Unknown${age == null || age < 0 ? "," : ""} ${silence(age)}`

// One a page, shared by all components: the figures, the stream that brings them, the server's clock, and one tick a second for all
// ages together. The browser goes on counting when the server is gone: this is why a tile is a component.
const hub = (globalThis.city311 ??= makeHub())
function makeHub() {
  const SAMPLES = 30
  const figures = new Map(), parts = new Map(), lags = []
  let boot = null, seq = 0, stream = null, address = null
  const self = {
    now: () => Date.now() / 1000 - (lags.length ? Math.min(...lags) : 0),
    ageOf: (f) => (f?.as_of == null ? null : self.now() - f.as_of),
    // A message is late by its way here: of the last ones the quickest tells the difference of the clocks best.
    clock(now) { lags.push(Date.now() / 1000 - now); if (lags.length > SAMPLES) lags.shift() },
    accept(message) {
      if (message.boot === boot && message.seq < seq) return
      if (message.boot !== boot) lags.length = 0
      boot = message.boot; seq = message.seq; self.clock(message.now)
      for (const [key, figure] of Object.entries(message.figures)) { figures.set(key, figure); parts.get(key)?.() }
    },
    join(key, draw) { parts.set(key, draw); return () => { if (parts.get(key) === draw) parts.delete(key); if (!parts.size) self.hush() } },
    figure: (key) => figures.get(key),
    listen(where) {
      if (where !== address) { self.hush(); address = where }
      if (stream || !address || document.visibilityState === "hidden") return
      stream = new EventSource(address)
      stream.onmessage = (event) => self.accept(JSON.parse(event.data))
      stream.onerror = () => { if (stream?.readyState === EventSource.CLOSED) stream = null }  // the next heartbeat of the page opens it again
    },
    hush() { stream?.close(); stream = null },
  }
  // A wall is drawn for 1920 x 1080; on any other screen it is enlarged or reduced as a whole.
  const fit = () => document.documentElement.style.setProperty("--fit", Math.max(0.4, Math.min(innerWidth / 1920, innerHeight / 1080)).toFixed(4))
  fit(); addEventListener("resize", fit)
  setInterval(() => parts.forEach((draw) => draw()), 1000)
  document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? self.hush() : parts.size && self.listen(address)))
  return self
}

// One component in the page: made once, inside the mount only (clearing parentElement would throw away the component's own <style>).
function attach({ data: d, parentElement }, html, draw) {
  const mount = parentElement.querySelector(".mount")
  let root = mount.firstElementChild
  if (!root) { mount.innerHTML = html; root = mount.firstElementChild }
  if (d.height) mount.style.height = `${d.height}px`
  attr(root, "data-size", d.size)
  root._leave?.()
  root._leave = hub.join(d.part, () => { const f = hub.figure(d.part); if (f) draw(root, f, hub.ageOf(f)) })
  hub.accept(d.message)
  hub.listen(d.stream)
  const f = hub.figure(d.part)
  if (f) draw(root, f, hub.ageOf(f))
  return () => root._leave?.()
}

function spark(values, band, w, h, target, floor) {
  if (!values || values.length < 2) return ""
  const all = [...values, ...(band ?? []), ...(target == null ? [] : [target]), ...(floor == null ? [] : [floor])]
  const lo = Math.min(...all), hi = Math.max(...all), step = w / (values.length - 1), pad = 5
  const y = (v) => pad + (h - 2 * pad) * (1 - (v - lo) / (hi - lo || 1))
  const last = values.length - 1
  return `<svg class="spark" viewBox="0 0 ${w} ${h}" preserveAspectRatio="none" aria-hidden="true">` +
    (band ? `<rect class="band" x="0" width="${w}" y="${y(band[1]).toFixed(1)}" height="${Math.max(1, y(band[0]) - y(band[1])).toFixed(1)}"/>` : "") +
    (floor == null ? "" : `<line class="floor" x1="0" x2="${w}" y1="${y(floor).toFixed(1)}" y2="${y(floor).toFixed(1)}"/>`) +
    (target == null ? "" : `<line class="target" x1="0" x2="${w}" y1="${y(target).toFixed(1)}" y2="${y(target).toFixed(1)}"/>`) +
    `<polyline class="line" points="${values.map((v, i) => `${(i * step).toFixed(1)},${y(v).toFixed(1)}`).join(" ")}"/>` +
    `</svg><i class="dot" style="top:${(100 * y(values[last]) / h).toFixed(1)}%"></i>`
}
