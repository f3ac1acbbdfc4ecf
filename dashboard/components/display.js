// What watches over a display that nobody operates: one a page. It says in large type when figures are not live, and since when; it keeps
// the screen awake, asks for the next page when its time has come, and loads the page anew if nothing else helps.
const watcher = (globalThis.city311display ??= makeDisplay())

function makeDisplay() {
  const SILENT_SECONDS = 5, RELOAD_AFTER_TICKS = 60, PROBE_EVERY_TICKS = 10, DAY_SECONDS = 86_400
  const HEADS = { live: "strip", emergency: "em_strip", map: "wm_strip" }
  const root = document.documentElement, frame = document.createElement("div")
  frame.className = "city311-frame"
  frame.innerHTML = `<div class="city311-banner" role="alert" hidden><b></b><span></span><time></time></div><p class="city311-bar" hidden></p>`
  document.body.append(frame)
  const banner = frame.querySelector(".city311-banner"), bar = frame.querySelector(".city311-bar")
  let setup = {}, told = null, ticks = 0, turning = null, awake = null, next = () => {}

  const minutes = (seconds) => (seconds < 3600 ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}` : span(seconds))
  function asOf(at, offset, now) {
    const local = new Date((at + offset) * 1000), time = local.toISOString().slice(11, 19)
    const day = local.toLocaleDateString("en-US", { month: "short", day: "numeric", timeZone: "UTC" })
    return now - at < DAY_SECONDS / 2 ? `Figures as of ${time}` : `Figures of ${day}, ${time.slice(0, 5)}`
  }
  // What is not live: [what, since when, as of when]; null: everything is. Which feed carries a page stands in its own head.
  function trouble(d) {
    const head = hub.figure(HEADS[setup.page]), age = head ? hub.ageOf(head) : null, cadence = head?.cadence ?? 10, carrier = head?.carrier ?? "any feed"
    const now = hub.now(), silence = hub.silence()
    if (silence > SILENT_SECONDS) return ["No connection", silence, d.read_at]
    if (d.trouble_since != null && (d.read_at == null || now - d.read_at > SILENT_SECONDS)) return ["No answer from the database", now - Math.min(d.trouble_since, d.read_at ?? now), d.read_at]
    const fresh = age == null || age < -CLOCK_AHEAD_SECONDS ? "unknown" : age > STALE_AFTER_CADENCES * cadence ? "stale" : "live"
    if (fresh === "live") return null
    if (age == null) return [`Nothing from ${carrier} yet`, null, null]
    if (age < 0) return [`The clock of ${carrier} is ahead`, null, d.read_at]
    return hub.catchesUp(head) ? [`Catching up with ${carrier}, ${minutes(age)} behind`, null, head.as_of] : [`Nothing from ${carrier}`, age, head.as_of]
  }
  function draw(d) {
    const found = trouble(d)
    hub.keeps = found != null && d.read_at != null
    attr(root, "data-held", String(found != null)); banner.hidden = found == null
    if (!found) return
    const [what, since, at] = found
    put(banner.querySelector("b"), since == null ? what : `${what} for ${minutes(since)}`)
    put(banner.querySelector("time"), new Date((hub.now() + d.utc_offset_seconds) * 1000).toISOString().slice(11, 16))
    put(banner.querySelector("span"), at == null ? "No figures yet" : asOf(at, d.utc_offset_seconds, hub.now()))
  }
  function set(data, ask) {
    setup = data.setup; next = ask
    if (told !== data.message.now) { told = data.message.now; ticks = 0 }
    root.dataset.wall = setup.page; hub.place = setup.place
    put(bar, setup.said.join("   ·   ")); bar.hidden = !setup.said.length
    hub.size = { scale: setup.scale, bar: 0 }
    root.style.setProperty("--margin", Math.max(0, 1 - setup.scale).toFixed(3))
    hub.fit()
    if (!bar.hidden) { hub.size.bar = bar.offsetHeight; hub.fit() }
    clearTimeout(turning)
    // Within the same second on every wall, yet not all in one instant.
    if (setup.ends_at != null) turning = setTimeout(() => next(setup.ends_at), Math.max(0, setup.ends_at - hub.now()) * 1000 + 50 + 700 * Math.random())
  }
  // Streamlit's own connection may be dead though the server lives: then the page is loaded once, and not again for ten minutes.
  function heal() {
    if (ticks >= RELOAD_AFTER_TICKS && ticks % PROBE_EVERY_TICKS === 0) hub.renew(() => ticks >= RELOAD_AFTER_TICKS)
  }
  async function stayAwake() {
    if (document.visibilityState === "hidden" || (awake && !awake.released)) return
    awake = await navigator.wakeLock?.request("screen").catch(() => null)  // where it cannot be had, the machine's own settings decide
  }
  function tick() {
    ticks += 1
    const app = document.querySelector('[data-testid="stApp"]')
    if (app && !app.inert) app.inert = true  // no click, no key, no link takes a display away
    if (app) frame.style.colorScheme = getComputedStyle(app).colorScheme
    heal()
    if (ticks % 30 === 1) stayAwake()
  }
  for (const kind of ["keydown", "keyup", "contextmenu", "wheel", "touchmove"]) addEventListener(kind, (event) => event.stopImmediatePropagation(), { capture: true, passive: true })
  document.addEventListener("visibilitychange", stayAwake)
  stayAwake(); tick(); setInterval(tick, 1000)
  return { set, draw }
}
export default function (component) {
  watcher.set(component.data, (at) => component.setTriggerValue("turn", at))
  return attach(component, '<div class="root"></div>', (root, d) => watcher.draw(d))
}
