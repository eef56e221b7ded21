/** Short messages at the edge. Errors stay longer and carry the trace id for the support. */
import { $, h, icon } from "./dom.js";

const SECONDS = { good: 4, notice: 6, error: 9 };
const TOASTS_MAX = 4;

export function toast(text, { kind = "good", traceId = "" } = {}) {
  const close = h("button", { type: "button", class: "round-button small", "aria-label": "Dismiss" }, icon("i-close"));
  const details = traceId
    ? h("details", {}, h("summary", {}, "Details"), h("code", {}, `Trace id ${traceId}`))
    : null;
  const element = h(
    "div",
    { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status" },
    icon(kind === "error" ? "i-alert" : "i-check"),
    h("div", { class: "toast-text" }, h("p", {}, text), details),
    close,
  );
  close.addEventListener("click", () => element.remove());
  show(element, SECONDS[kind]);
}

function show(element, seconds) {
  const box = place();
  box.append(element);
  while (box.children.length > TOASTS_MAX) box.firstElementChild.remove();
  fadeLater(element, seconds);
}

/** Something has arrived: pressed, it opens. */
export function notice({ title, text, name, onOpen }) {
  const close = h("button", { type: "button", class: "round-button small", "aria-label": "Dismiss" }, icon("i-close"));
  const open = h("button", { type: "button", class: "notice-open" }, h("b", {}, title), h("p", {}, text));
  const element = h("div", { class: "toast notice", role: "status" }, icon(name), open, close);
  close.addEventListener("click", () => element.remove());
  open.addEventListener("click", () => {
    element.remove();
    onOpen();
  });
  show(element, SECONDS.notice);
}

/** Say what went wrong; what is no refusal is a defect and goes on to the console. */
export function toastError(error) {
  if (error.code === undefined) throw error;
  toast(error.message, { kind: "error", traceId: error.traceId });
}

/** Beneath a modal dialog nothing can be seen or pressed, so toasts move into it. */
function place() {
  const box = $("toasts");
  const home = document.querySelector("dialog[open]") || document.body;
  if (box.parentElement !== home) home.append(box);
  return box;
}

function fadeLater(element, seconds) {
  const fade = () => {
    if (element.matches(":hover, :focus-within") || element.querySelector("details[open]")) {
      setTimeout(fade, 1000);
    } else element.remove();
  };
  setTimeout(fade, seconds * 1000);
}
