// Who is signed in, the way out, and what happens when the sign-in ends: the page is loaded anew, and leads to the provider.
const SIGNED = `<p class="root signed"><span></span> <a>Sign out</a></p>`
const LONGEST_TIMER_SECONDS = 86400
function draw(root, d) {
  put(root.querySelector("span"), d.name)
  attr(root.querySelector("a"), "href", d.sign_out)
  const left = d.until - hub.now()
  clearTimeout(root._end)
  if (left < LONGEST_TIMER_SECONDS) root._end = setTimeout(() => location.reload(), Math.max(5, left + 1) * 1000)
}
export default function (component) { return attach(component, SIGNED, draw) }
