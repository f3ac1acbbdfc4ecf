const STRIP = `<header class="root strip"><div class="verdict"><span class="status"></span><b></b></div><p class="why"></p>
  <a class="feeds" href="/system" target="_blank" rel="noopener"><span></span><small></small></a><div class="clock"><time></time><small></small></div></header>`
const NAMES_SHOWN = 2

function draw(root, d, age) {
  const $ = (q) => root.querySelector(q)
  const gone = ["stale", "unknown"].includes(freshness(age, d.cadence))
  attr(root, "data-status", gone ? "unknown" : d.status)
  putHtml($(".status"), mark(gone ? "unknown" : d.status)); put($("b"), gone ? "Not known" : d.headline)
  // The server's own words for silence stand still with it.
  const why = !gone ? d.away || d.why : d.headline !== "Not known" ? silent(d, age) : d.away || (age == null ? d.why : silent(d, age))
  putHtml($(".why"), rich(why))
  const local = new Date((hub.now() + d.utc_offset_seconds) * 1000)
  put($("time"), local.toISOString().slice(11, 16))
  const day = local.toLocaleDateString("en-US", { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" })
  put($(".clock small"), hub.place ? `${day} · ${hub.place}` : day)
  if (!d.feeds) { putHtml($(".feeds span"), "<em>Replay</em>"); return putHtml($(".feeds small"), esc(d.place)) }
  const states = d.feeds.map((f) => [f.name, freshness(hub.ageOf(f), f.cadence)]).filter(([, state]) => state !== "live")
  attr($(".feeds"), "data-late", String(states.length > 0))
  const kinds = [...new Set(states.map(([, state]) => state))]
  const worst = ["unknown", "stale", "late"].find((kind) => kinds.includes(kind)), word = kinds.length > 1 ? "not live" : worst
  const names = [...new Set(states.map(([name]) => name))]
  putHtml($(".feeds span"), mark(worst ?? (d.feeds.length ? "ok" : "nodata")) + `<em>${states.length ? `${states.length} of ${d.feeds.length} feeds ${word}` : d.feeds.length ? "All feeds live" : "No feeds yet"}</em>`)
  attr($(".feeds"), "data-alarm", d.alarm?.status ?? "")
  if (d.alarm) return putHtml($(".feeds small"), `<i>${mark(d.alarm.status)}</i>${esc(d.alarm.text)}`)
  const where = names.length > NAMES_SHOWN ? `${names.slice(0, NAMES_SHOWN).join(", ")} and ${names.length - NAMES_SHOWN} more` : names.length ? names.join(", ") : d.place
  putHtml($(".feeds small"), esc(where))
}
function silent(d, age) {
  const feed = `**${d.carrier}**`
  const told = age == null ? `Nothing from ${feed}` : age < 0 ? `The clock of ${feed} is ahead` : hub.catchesUp(d) ? `Catching up with ${feed}, ${span(age)} behind` : `Nothing from ${feed} for ${span(age)}`
  const before = d.before ?? d.headline
  return before === "Not known" ? told : `${told}. Before that: ${before.toLowerCase()}`
}
export default function (component) { return attach(component, STRIP, draw) }
