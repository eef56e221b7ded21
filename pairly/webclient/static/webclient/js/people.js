/** The directory: people to meet. */
import { query } from "./api.js";
import { avatar } from "./avatar.js";
import { $, h, icon, whileBusy } from "./dom.js";
import { countryName } from "./format.js";
import { on, state } from "./store.js";
import { toastError } from "./toasts.js";

const PAGE_ROWS = 24;
const PAUSE_MILLISECONDS = 350;

export function createPeople(client, { openPerson, write }) {
  const form = $("filters");
  const cards = $("cards");
  let next = null;
  let asked = 0;
  let timer = null;

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(reload, PAUSE_MILLISECONDS);
  });
  form.addEventListener("reset", () => setTimeout(reload)); // once the fields are empty
  $("more-people").addEventListener("click", () => whileBusy($("more-people"), loadMore));
  on("blocked", reload);

  function reload() {
    if (state.me && !$("people").hidden) load();
  }

  async function load() {
    if (!form.checkValidity()) {
      form.reportValidity();
      return;
    }
    const number = ++asked;
    cards.setAttribute("aria-busy", "true");
    try {
      const filters = Object.fromEntries(new FormData(form));
      const page = await client.api.get(`users${query({ ...filters, limit: PAGE_ROWS })}`);
      if (number === asked) show(page, []);
    } catch (error) {
      toastError(error);
    } finally {
      if (number === asked) cards.removeAttribute("aria-busy");
    }
  }

  async function loadMore() {
    const number = asked;
    try {
      const page = await client.api.get(next);
      if (number !== asked) return;
      const known = [...cards.children];
      show(page, known);
      cards.children[known.length]?.querySelector("button").focus();
    } catch (error) {
      toastError(error);
    }
  }

  function show(page, known) {
    const people = page.results.filter((person) => person.id !== state.me?.id);
    cards.replaceChildren(...known, ...people.map(card));
    next = page.next;
    $("more-people").hidden = next === null;
    $("no-people").hidden = cards.children.length > 0;
  }

  function card(person) {
    const title = person.age ? `${person.display_name}, ${person.age}` : person.display_name;
    return h("li", { class: "card" },
      h("button", { type: "button", class: "card-face", onclick: () => openPerson(person), "aria-label": `Profile of ${title}` },
        avatar(person, "poster"),
        h("span", { class: "card-text" },
          h("b", {}, title),
          h("span", { class: "card-place" }, person.country ? [icon("i-pin"), countryName(person.country)] : "Somewhere"),
          h("span", { class: "card-bio" }, person.bio || ""))),
      h("button", { type: "button", class: "button card-write", "aria-label": `Write to ${person.display_name}`, onclick: (event) => whileBusy(event.currentTarget, () => write(person)) },
        icon("i-chat"), "Message"));
  }

  return {
    open() {
      $("people").scrollTop = 0;
      load();
    },
    reset() {
      form.reset();
      cards.replaceChildren();
      asked += 1;
    },
  };
}
