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
// The same rule as dashboard/freshness.py. While a display says in large type how old everything is, figures stay, as stale ones.
const LATE_AFTER_CADENCES = 2, STALE_AFTER_CADENCES = 5, UNKNOWN_AFTER_CADENCES = 20, CLOCK_AHEAD_SECONDS = 60
function freshness(age, cadence) {
  if (age == null || age < -CLOCK_AHEAD_SECONDS) return "unknown"
  if (age <= LATE_AFTER_CADENCES * cadence) return "live"
  if (age <= STALE_AFTER_CADENCES * cadence) return "late"
  return age <= UNKNOWN_AFTER_CADENCES * cadence || hub.keeps ? "stale" : "unknown"
}
// What stands beside the word Unknown.
const silence = (age) => (age == null ? "never seen" : age < 0 ? "clock ahead" : `for ${span(age)}`)
const unknown = (age) => `Unknown${age == null || age < 0 ? "," : ""} ${silence(age)}`

// One a page, shared by all components: the figures, the stream that brings them, the server's clock, and one tick a second for all
// ages together. The browser goes on counting when the server is gone: this is why a tile is a component.
const hub = (globalThis.city311 ??= makeHub())

// Seconds that only grow, also over a sleep in which the browser's own counter stands still. A clock that was set back is not followed; one
// that was set forward counts as a sleep, so that what is old never looks fresh, until messages tell the difference of the clocks anew.
function makeSteady(onJump) {
  const JUMP_MILLISECONDS = 2000
  let slept = 0, wall = Date.now(), counter = performance.now()
  return () => {
    const drift = (Date.now() - wall) - (performance.now() - counter)
    wall = Date.now(); counter = performance.now()
    if (drift > JUMP_MILLISECONDS) slept += drift
    if (Math.abs(drift) > JUMP_MILLISECONDS) onJump()
    return (counter + slept) / 1000
  }
}

// The server's clock, from what its messages say. Each is late by its way here, so the one that says the latest tells best; lower ones count
// only when for two seconds all agree: one that was held up somewhere must not turn the clock back and let old figures look fresh.
function makeServerClock(steady) {
  const SAMPLES = 30, APART_SECONDS = 1, RUN_SECONDS = 2, RUN_MESSAGES = 3
  let samples = [], run = []
  const offset = () => Math.max(...samples)
  return {
    now: () => (samples.length ? steady() + offset() : Date.now() / 1000),
    set(now) { samples = [now - steady()]; run = [] },
    hear(now) {
      const at = steady(), sample = now - at
      if (samples.length && sample < offset() - APART_SECONDS) {
        run.push({ at, sample })
        if (run.length < RUN_MESSAGES || at - run[0].at < RUN_SECONDS) return
        samples = []
        run.forEach((one) => samples.push(one.sample))
      } else samples.push(sample)
      run = []
      while (samples.length > SAMPLES) samples.shift()
    },
  }
}

function makeHub() {
  const SILENT_SECONDS = 5, BOOTS_KEPT = 20, RENEW_AGAIN_MILLISECONDS = 600_000
  const figures = new Map(), parts = new Map(), seen = new Map()
  const steady = makeSteady(() => self.reopen()), server = makeServerClock(() => steady())
  const askAgain = () => fetch(location.href, { cache: "no-store" }).catch(() => null)
  let stream = null, address = null, opened = -Infinity, heard = -Infinity
  const self = {
    keeps: false,  // a display says how old everything is
    size: { scale: 1, bar: 0 },  // a display's enlargement, and the px that it takes at the bottom of a wall of 1080
    place: "",  // which of a display's pages is up
    steady, now: server.now,
    ageOf: (f) => (f?.as_of == null ? null : self.now() - f.as_of),
    // Seconds since anything came from the server.
    silence: () => steady() - heard,
    // Whether what is late of a page's feed comes into the database all the same.
    catchesUp: (head) => head?.taken_in != null && freshness(self.now() - head.taken_in, head.cadence) === "live",
    accept(message) {
      const before = seen.get(message.boot)
      // A part that the page makes once more brings what it was drawn with: that was heard long ago.
      if (!before || message.seq > before.seq || message.now > before.now) {
        heard = steady()
        // A replay has no stream, and a clock of its own.
        if (address == null && !before) server.set(message.now)
        else server.hear(message.now)
      }
      if (message.seq < (before?.seq ?? 0)) return
      seen.delete(message.boot); seen.set(message.boot, { seq: message.seq, now: message.now })
      if (seen.size > BOOTS_KEPT) seen.delete(seen.keys().next().value)
      for (const [key, figure] of Object.entries(message.figures)) { figures.set(key, figure); parts.get(key)?.() }
    },
    join(key, draw) { parts.set(key, draw); return () => { if (parts.get(key) === draw) parts.delete(key); if (!parts.size) { self.hush(); address = null } } },
    figure: (key) => figures.get(key),
    listen(where) {
      if (where !== address) { self.hush(); address = where }
      if (stream || !address || document.visibilityState === "hidden") return
      opened = steady()
      stream = new EventSource(address)
      stream.onmessage = (event) => self.accept(JSON.parse(event.data))
      stream.onerror = () => { if (stream?.readyState === EventSource.CLOSED) { stream = null; self.leave() } }  // the next heartbeat of the page opens it again
    },
    // Who may see the page no more (a sign-in that ended, a display's token that was revoked) is told so, rather than shown old figures.
    async leave() {
      const answer = await askAgain()
      if ([401, 403].includes(answer?.status)) location.reload()
    },
    // Loads the page anew, once in ten minutes at most, and while the server answers only: a browser's own page of errors would stay for good.
    async renew(still) {
      const before = Number(sessionStorage.getItem("city311-loaded") ?? NaN)
      if (Math.abs(Date.now() - before) < RENEW_AGAIN_MILLISECONDS) return
      const answer = await askAgain()
      if (!answer?.ok || !still()) return
      sessionStorage.setItem("city311-loaded", String(Date.now()))
      location.reload()
    },
    hush() { stream?.close(); stream = null },
    // A connection whose other end is gone says nothing: after a sleep, or when the server's ping stays away, another one is made.
    reopen() { if (stream) { self.hush(); self.listen(address) } },
    fit() {
      const { scale, bar } = self.size, whole = Math.min(innerWidth / 1920, innerHeight / (1080 + bar)) * scale
      document.documentElement.style.setProperty("--fit", Math.max(0.4, whole).toFixed(4))
    },
  }
  // A wall is drawn for 1920 x 1080; on any other screen it is enlarged or reduced as a whole.
  self.fit(); addEventListener("resize", self.fit)
  setInterval(() => {
    if (stream && steady() - Math.max(opened, heard) > SILENT_SECONDS) self.reopen()
    parts.forEach((draw) => draw())
    // Streamlit marks every run of a page in the browser's record of times, which is not emptied by itself.
    performance.clearMarks(); performance.clearMeasures()
  }, 1000)
  document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? self.hush() : parts.size && self.listen(address)))
  return self
}

// One style sheet for all components of a kind.
const styles = new CSSStyleSheet()
styles.replaceSync(STYLES)

// One component in the page: made once, inside the mount only (parentElement is Streamlit's).
function attach({ data: d, parentElement }, html, draw) {
  const around = parentElement.getRootNode()
  if (!around.adoptedStyleSheets.includes(styles)) around.adoptedStyleSheets.push(styles)
  const mount = parentElement.querySelector(".mount")
  let root = mount.firstElementChild
  if (!root) { mount.innerHTML = html; root = mount.firstElementChild }
  if (d.height) mount.style.height = `${d.height}px`
  attr(root, "data-size", d.size)
  root._leave?.()
  root._leave = hub.join(d.part, () => { const f = hub.figure(d.part); if (f) draw(root, f, hub.ageOf(f)) })
  if (root._told !== d.message.now) hub.accept(d.message)  // drawn once more with the same message: nothing was heard
  root._told = d.message.now
  if (d.stream) hub.listen(d.stream)
  const f = hub.figure(d.part)
  if (f) draw(root, f, hub.ageOf(f))
  return () => root._leave?.()
}

// Takes the first of the steps, from no tightening on, in which nothing in the box is too wide; asked anew when its words or its room changed.
function tighten(el, steps, box = el) {
  const asked = `${box.textContent}|${box.clientWidth}|${document.fonts.status}`
  if (el._tightened === asked) return
  el._tightened = asked
  for (let step = 0; step <= steps; step++) {
    attr(el, "data-tight", String(step))
    if (box.scrollWidth <= box.clientWidth) return
  }
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
