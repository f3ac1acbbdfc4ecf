// Brings the figures of a page to the parts that show them; it shows none itself.
export default function (component) { return attach(component, '<div class="root"></div>', () => {}) }
