/** Building and finding elements. Text is only ever set as text, so nothing becomes markup. */

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

/** `h("a", {class: "x", href: "#", onclick: f, hidden: true}, "text", child, null)`. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An icon of the page's sprite; `label` makes it more than decoration. */
export function icon(name, { label = null, className = "icon" } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make the children of a container those of `items`, in order, touching only what differs, so that
 * focus, selection and scroll position survive. `signature(item)` tells when something differs;
 * then `update(child, item)` may mend the child, and where it does not (false), `build` makes it anew.
 */
export function reconcile(container, items, { key, signature, build, update = () => false }) {
  const known = new Map();
  for (const child of container.children) known.set(child.dataset.key, child);
  let place = container.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const sign = signature(item);
    let child = known.get(name);
    known.delete(name);
    const differs = child && child.dataset.sign !== sign;
    if (differs && update(child, item)) child.dataset.sign = sign;
    else if (differs || !child) {
      const fresh = build(item);
      Object.assign(fresh.dataset, { key: name, sign });
      if (child) {
        if (child === place) place = fresh;
        replaceKeepingFocus(child, fresh);
      }
      child = fresh;
    }
    if (child === place) place = place.nextElementSibling;
    else container.insertBefore(child, place);
  }
  known.forEach((child) => child.remove());
}

function replaceKeepingFocus(old, fresh) {
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (hadFocus) fresh.querySelector("button, a, [tabindex]")?.focus({ preventScroll: true });
}

/** Keep a button from being pressed twice while its work is under way. */
export async function whileBusy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return undefined;
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
