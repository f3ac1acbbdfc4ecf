// The fortnight: a row a day, a cell a half hour, how many people are missing as a number and a colour; blank when enough, hatched without a schedule.
// A figure: { hours: [labels, "" where none], rows: [{ day, name, picked, cells: [[kind, number, words]] }], legend: [[kind, words]], steps: { dark, light, ... } }.
// A day that is picked is told to the page as "day".
const HEAT = `<section class="root heatbox"><div class="legend"></div><table><thead><tr></tr></thead><tbody></tbody></table><p class="empty"></p></section>`

function draw(root, d) {
  const $ = (q) => root.querySelector(q), colour = (c) => (/^#[0-9A-Fa-f]{6}$/.test(c) ? c : "transparent")
  d.steps.forEach((step, i) => {
    root.style.setProperty(`--step-${i + 1}`, `light-dark(${colour(step.light)}, ${colour(step.dark)})`)
    root.style.setProperty(`--ink-${i + 1}`, `light-dark(var(--${esc(step.light_ink)}), var(--${esc(step.dark_ink)}))`)
  })
  putHtml($(".legend"), d.legend.map(([kind, words]) => `<span><i data-kind="${esc(kind)}"></i>${esc(words)}</span>`).join(""))
  put($(".empty"), d.rows.length ? "" : d.empty)
  const table = $("table"), wide = d.hours.length
  table.style.gridTemplateColumns = `118px repeat(${wide}, minmax(0, 1fr))`
  attr(table, "data-dense", String(wide > 34)); attr(table, "data-empty", String(!d.rows.length))
  putHtml($("thead tr"), `<th></th>` + d.hours.map((hour) => `<th scope="col">${hour ? `<span>${esc(hour)}</span>` : ""}</th>`).join(""))
  putHtml(table.tBodies[0], d.rows.map((row) => `<tr data-picked="${!!row.picked}"><th scope="row"><button type="button" data-day="${esc(row.day)}">${esc(row.name)}</button></th>` +
    row.cells.map(([kind, number, words]) => `<td data-kind="${esc(kind)}" data-day="${esc(row.day)}" title="${esc(words)}">${esc(number)}</td>`).join("") + "</tr>").join(""))
}
export default function (component) {
  const leave = attach(component, HEAT, draw), root = component.parentElement.querySelector(".mount").firstElementChild
  root.onclick = (event) => { const at = event.target.closest("[data-day]"); if (at) component.setTriggerValue("day", at.dataset.day) }
  return leave
}
