// Approved answers: question, answer, who keeps it true and until when; a button copies the answer as plain text.
// A figure: { title, rows: [{ key, status, word, topic, question, answer, meta: [texts] }], empty, note, as_of, cadence }.
const APPROVED = `<section class="root approvedbox"><header><h3></h3><span class="age"></span></header><div class="list"></div><p class="empty"></p><p class="note"></p></section>`
const COPIED_MILLISECONDS = 2000

function draw(root, d, age) {
  const $ = (q) => root.querySelector(q), list = $(".list"), fresh = freshness(age, d.cadence)
  putHtml($("h3"), rich(d.title)); put($(".note"), d.note); put($(".empty"), d.rows.length ? "" : d.empty)
  attr(root, "data-fresh", fresh)
  putHtml($(".age"), fresh === "live" ? span(age) : mark(fresh) + (fresh === "unknown" ? unknown(age).toLowerCase() : fresh === "stale" ? `${span(age)} old` : `late ${span(age)}`))
  while (list.children.length > d.rows.length) list.lastElementChild.remove()
  while (list.children.length < d.rows.length) list.append(document.createElement("article"))
  d.rows.forEach((row, i) => {
    const article = list.children[i]
    attr(article, "data-status", row.status)
    article._answer = row.answer
    putHtml(article, `<h4>${esc(row.question)}</h4><p class="state">${mark(row.status)}${esc(row.word)}</p><p class="answer">${esc(row.answer)}</p>` +
      `<button type="button" title="Copy the answer as plain text">Copy</button><p class="meta"><span>${esc(row.topic)}</span>${row.meta.map((one) => `<span>${esc(one)}</span>`).join("")}</p>`)
  })
  root.onclick ??= (event) => { const button = event.target.closest("button"); if (button) copy(button, button.parentElement._answer) }
}
async function copy(button, text) {
  const kept = await written(text)
  button.textContent = kept ? "Copied" : "Not copied"
  setTimeout(() => { button.textContent = "Copy" }, COPIED_MILLISECONDS)
}
// A page that came without TLS has no clipboard of its own: the older way is tried too.
async function written(text) {
  try { await navigator.clipboard.writeText(text); return true } catch { return writtenBySelection(text) }
}
function writtenBySelection(text) {
  const box = document.createElement("textarea")
  box.value = text; box.style.position = "fixed"; box.style.opacity = "0"
  document.body.append(box); box.select()
  try { return document.execCommand("copy") } catch { return false } finally { box.remove() }
}
export default function (component) { return attach(component, APPROVED, draw) }
