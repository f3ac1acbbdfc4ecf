// One line of hours from the onset: alerts in force, the weather seen and to come, what was said to residents, and now, which the browser counts on.
const STORM = `<section class="root panel storm"><div class="dial"><small>Storm clock</small><b></b><span class="since"></span><span class="age"></span></div>
  <div class="band"><div class="alerts"></div><div class="plot"></div><div class="hours"></div><i class="now"></i></div></section>`
const ROWS = 2, ROOM_FOR_WORDS = 0.3

function draw(root, d, age) {
  const $ = (q) => root.querySelector(q), fresh = freshness(age, d.cadence)
  attr(root, "data-fresh", fresh)
  const since = d.zero_at == null ? 0 : (hub.now() - d.zero_at) / 3600, now = d.stopped_at ?? since
  put($(".dial small"), d.is_storm ? "Storm clock" : "The next hours")
  const minutes = Math.floor(Math.abs(now) * 60), sign = now < 0 ? "\u2212" : "+"
  put($("b"), d.is_storm ? `T${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}` : "–")
  put($(".since"), d.since)
  putHtml($(".age"), fresh === "live" ? "" : mark(fresh) + (fresh === "late" ? `late ${span(age)}` : fresh === "stale" ? `${span(age)} old` : unknown(age)))
  const width = d.to - d.from, x = (h) => `${((100 * (h - d.from)) / width).toFixed(2)}%`
  const lanes = (d.alerts ?? []).slice(0, d.unheard ? ROWS - 1 : ROWS), more = (d.alerts ?? []).length - lanes.length
  // A bar too short for its words has them beside it, on the side with more room.
  const bar = (a, i) => {
    const share = (a.to - a.from) / width, side = share >= ROOM_FOR_WORDS ? "" : a.from - d.from > 0.6 * width ? "before" : "after"
    return `<i class="${esc(a.level)} ${side}" style="left:${x(a.from)};width:${(100 * share).toFixed(2)}%;top:${i * 32}px" title="${esc(a.label)}"><span>${esc(a.label)}</span></i>`
  }
  const told = more > 0 ? `and ${more} more` : lanes.length || !d.alerts || d.unheard || !["live", "late"].includes(fresh) ? "" : "No alert in these hours"
  const unheard = d.unheard ? `<em class="unheard">${mark("unknown")}${rich(`Alerts not known: ${d.unheard}`)}</em>` : ""
  putHtml($(".alerts"), `${lanes.map(bar).join("")}<em>${esc(told)}</em>${unheard}`)
  const W = 1000, H = 100, px = (h) => (W * (h - d.from)) / width, py = (v) => H - 4 - ((H - 10) * v) / d.top
  // An amount stands over its point, or under it where there is no room above.
  const bottom = (v) => `calc(${(100 * (1 - py(v) / H)).toFixed(1)}%${py(v) < 0.35 * H ? " - 34px" : ""})`
  const line = (s) => s.map(([h, v]) => `${px(h).toFixed(1)},${py(v).toFixed(1)}`).join(" ")
  putHtml($(".plot"), `<svg viewBox="0 0 ${W} ${H}" preserveAspectRatio="none" aria-hidden="true"><polyline class="seen" points="${line(d.seen)}"/><polyline class="ahead" points="${line(d.ahead)}"/></svg>` +
    `<span class="label">${esc(d.measure)}${d.said.length ? "<u></u>message to residents" : ""}</span>` +
    d.points.map((p) => `<span class="at" style="right:calc(100% - ${x(p.h)});bottom:${bottom(p.v)}">${esc(p.text)}</span>`).join(""))
  putHtml($(".hours"), d.ticks.map((t) => `<span style="left:${x(t)}">${t > 0 ? `+${t}` : t < 0 ? `\u2212${-t}` : d.is_storm ? "onset" : "now"}</span>`).join("") + d.said.map((s) => `<u style="left:${x(s)}"></u>`).join(""))
  const at = Math.min(d.to, Math.max(d.from, d.is_storm ? now : since))
  $(".now").style.left = x(at); $(".now").hidden = d.zero_at == null
}
export default function (component) { return attach(component, STORM, draw) }
