const TILE = `<article class="root panel tile"><header><h2></h2><span class="aside"></span><span class="age"></span></header>
  <div class="body"><p class="value"><b></b><span class="unit"></span><span class="of"></span><span class="over"></span></p>
  <p class="context"><span class="status"></span><span class="compare"></span></p></div><div class="trend"></div></article>`

const TIGHTEST = 6

function draw(root, d, age) {
  const $ = (q) => root.querySelector(q)
  const fresh = freshness(age, d.cadence)
  const empty = d.value == null && fresh !== "unknown", bare = empty || fresh === "unknown"
  const state = fresh === "unknown" || fresh === "stale" ? fresh : empty ? "nodata" : d.status
  // A new alarm pulses three times, once; the first drawing of a page is not news.
  if (state === "act" && root._was && root._was !== "act") { attr(root, "data-new", "true"); setTimeout(() => attr(root, "data-new", "false"), 3200) }
  root._was = state
  attr(root, "data-status", state); attr(root, "data-fresh", fresh)
  const was = fresh === "stale" && (d.status === "act" || d.status === "watch") ? d.status : ""
  attr(root, "data-was", was)
  putHtml($("h2"), link(d.href, esc(d.label))); attr(root, "title", d.definition ?? "")
  put($(".aside"), bare ? "" : d.aside ?? "")
  put($("b"), fresh === "unknown" ? "?" : empty ? "–" : d.value)
  put($(".unit"), bare ? "" : d.unit ?? ""); put($(".over"), bare ? "" : d.over ?? ""); put($(".of"), bare ? "" : d.of ?? "")
  const word = state === "nodata" ? "" : esc(d.words?.[state] ?? WORDS[state]) + (was ? `, was ${WORDS[was]}` : "")
  putHtml($(".status"), mark(state) + `<em>${word}</em>`)
  put($(".compare"), fresh === "unknown" ? silence(age) : empty ? d.empty ?? WORDS.nodata : was ? "" : d.compare ?? "")
  putHtml($(".age"), fresh === "live" ? span(age) : fresh === "unknown" ? "" : mark("late") + (fresh === "stale" ? `${span(age)} old` : `late ${span(age)}`))
  const band = d.band ? [d.band[0], d.band[1]] : null
  putHtml($(".trend"), bare ? "" : spark(d.spark, band, 400, 48, d.target))
  tighten(root, TIGHTEST, $(".body"))
}
export default function (component) { return attach(component, TILE, draw) }
