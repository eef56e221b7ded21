/** Menus, tabs, dialogs and forms: what the browser has not got by itself, by keyboard too. */
import { $, h } from "./dom.js";

/** A button with a menu below it. `actions`: `data-do` of an entry -> function. */
export function menu(buttonId, menuId, actions) {
  const button = $(buttonId);
  const box = $(menuId);
  const items = () => [...box.querySelectorAll("[role=menuitem]:not([hidden])")];

  function open(focusFirst) {
    box.hidden = false;
    button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside, true);
    if (focusFirst) items()[0]?.focus();
  }
  function close(giveFocusBack) {
    if (box.hidden) return;
    box.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (giveFocusBack) button.focus();
  }
  const outside = ({ target }) => box.contains(target) || button.contains(target) || close(false);

  button.addEventListener("click", (event) => (box.hidden ? open(event.detail === 0) : close(true)));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    open(true);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") close(event.key === "Escape");
    moveWithArrows(event, items(), "ArrowUp", "ArrowDown");
  });
  box.addEventListener("click", (event) => {
    const item = event.target.closest("[data-do]");
    if (!item) return;
    close(true);
    actions[item.dataset.do]();
  });
}

/** A `tablist`; `onSelect(tab)` hears which one was chosen. */
export function tabs(list, onSelect = () => {}) {
  const all = [...list.querySelectorAll("[role=tab]")];
  function select(tab) {
    for (const one of all) {
      const chosen = one === tab;
      one.setAttribute("aria-selected", String(chosen));
      one.tabIndex = chosen ? 0 : -1;
      $(one.getAttribute("aria-controls")).hidden = !chosen;
    }
    onSelect(tab);
  }
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) select(tab);
  });
  list.addEventListener("keydown", (event) => {
    if (moveWithArrows(event, all, "ArrowLeft", "ArrowRight")) select(document.activeElement);
  });
  return select;
}

/** Move the focus among elements; whether the key was one of these. */
export function moveWithArrows(event, elements, back, forth) {
  const place = elements.indexOf(document.activeElement);
  const last = elements.length - 1;
  const targets = {
    [back]: place <= 0 ? last : place - 1,
    [forth]: place === last ? 0 : place + 1,
    Home: 0,
    End: last,
  };
  if (!(event.key in targets) || place < 0) return false;
  event.preventDefault();
  elements[targets[event.key]].focus();
  return true;
}

/** A `<dialog>` that closes by its buttons, by Escape and by a press beside it. */
export function dialog(id) {
  const element = $(id);
  element.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]") || event.target === element) element.close();
  });
  return {
    element,
    open() {
      if (!element.open) element.showModal();
    },
    close: () => element.close(),
  };
}

/** Ask before something that is hard to take back. */
export function confirm({ title, text, yes }) {
  const element = $("confirm-dialog");
  $("confirm-title").textContent = title;
  $("confirm-text").textContent = text;
  $("confirm-yes").textContent = yes;
  element.returnValue = "no";
  element.showModal();
  return new Promise((resolve) => {
    element.addEventListener("close", () => resolve(element.returnValue === "yes"), { once: true });
  });
}

/** Show a refusal at the fields it names, and the rest below the form. */
export function showRefusal(form, error) {
  if (error.code === undefined) throw error;
  clearRefusal(form);
  const left = error.errors.filter(({ field, detail }) => !markField(form, field, detail));
  const line = form.querySelector(".form-error");
  const sentences = error.errors.length ? left.map((one) => one.detail) : [error.message];
  line.replaceChildren(...sentences);
  if (error.status === 0 || error.status >= 500) line.append(traceOf(error) || "");
  line.hidden = !line.childNodes.length || !line.textContent;
  form.querySelector("[aria-invalid=true]")?.focus();
}

/** Whether every required field is filled in; says so at those that are not. */
export function isComplete(form) {
  clearRefusal(form);
  const missing = [...form.elements].filter((one) => one.validity?.valueMissing);
  missing.forEach((one) => markField(form, one.name, "Please fill this in."));
  missing[0]?.focus();
  return missing.length === 0;
}

export function clearRefusal(form) {
  form.querySelectorAll(".field-error").forEach((one) => one.remove());
  form.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
  form.querySelector(".form-error").hidden = true;
}

function markField(form, name, detail) {
  const input = form.elements[name];
  if (!input?.closest) return false;
  input.setAttribute("aria-invalid", "true");
  input.closest(".field, .switch").append(h("small", { class: "field-error" }, detail));
  return true;
}

function traceOf(error) {
  return error.traceId ? h("code", {}, ` Trace id ${error.traceId}`) : null;
}

/** Fill the lists of countries, named in the browser's language and in its order. */
export function nameCountries(nameOf) {
  const countries = [...$("countries").content.querySelectorAll("option")];
  countries.forEach((option) => (option.textContent = nameOf(option.value)));
  countries.sort((a, b) => a.textContent.localeCompare(b.textContent));
  for (const select of document.querySelectorAll("select[data-countries]")) {
    select.append(...countries.map((option) => option.cloneNode(true)));
  }
}
