/** What may be done with one message, in a menu beside it. */
import { $, h, icon } from "./dom.js";
import { state } from "./store.js";
import { confirm, moveWithArrows } from "./widgets.js";

const MARGIN_PIXELS = 8;

/** `actions`: reply(message), edit(message), remove(message, scope), report(message). */
export function createMessageMenu(actions) {
  const box = $("message-menu");
  let button = null;

  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") close(event.key === "Escape");
    moveWithArrows(event, [...box.children], "ArrowUp", "ArrowDown");
  });
  $("messages").addEventListener("scroll", () => close(false), { passive: true });
  window.addEventListener("resize", () => close(false));

  /** `by` is the button of the message; once more closes. */
  function open(by, message) {
    const again = button === by;
    close(false);
    if (again) return;
    button = by;
    button.setAttribute("aria-expanded", "true");
    box.replaceChildren(...entriesOf(message).map(([name, word, run, danger]) =>
      h("button", { type: "button", role: "menuitem", class: danger ? "danger" : null, onclick: () => (close(true), run()) }, icon(name), word)));
    box.hidden = false;
    place();
    box.firstElementChild.focus();
    document.addEventListener("pointerdown", outside, true);
  }

  /** Below the button, or above it where there is no room; never beyond the window. */
  function place() {
    const at = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = box;
    const below = at.bottom + height + MARGIN_PIXELS < innerHeight;
    const left = Math.min(at.left, innerWidth - width - MARGIN_PIXELS);
    box.style.left = `${Math.max(MARGIN_PIXELS, left)}px`;
    box.style.top = `${Math.max(MARGIN_PIXELS, below ? at.bottom + 4 : at.top - height - 4)}px`;
  }

  function close(giveFocusBack) {
    if (box.hidden) return;
    box.hidden = true;
    document.removeEventListener("pointerdown", outside, true);
    button.setAttribute("aria-expanded", "false");
    if (giveFocusBack) button.focus();
    button = null;
  }
  const outside = ({ target }) => box.contains(target) || button.contains(target) || close(false);

  function entriesOf(message) {
    const mine = message.sender_id === state.me.id;
    const gone = message.deleted_at !== null;
    return [
      !gone && ["i-reply", "Reply", () => actions.reply(message)],
      mine && mayEdit(message) && ["i-edit", "Edit", () => actions.edit(message)],
      !mine && !gone && ["i-flag", "Report", () => actions.report(message)],
      ["i-bin", "Delete for me", () => remove(message, "me"), true],
      mine && !gone && isWithin(message, state.limits.message_delete_minutes) &&
        ["i-bin", "Delete for both", () => remove(message, "both"), true],
    ].filter(Boolean);
  }

  async function remove(message, scope) {
    const text = scope === "me"
      ? "It goes from your view for good. The other still has it."
      : "Both of you see that a message was here, and no more what it said.";
    if (await confirm({ title: "Delete this message?", text, yes: "Delete" })) actions.remove(message, scope);
  }

  return { open };
}

/** As far as this machine's clock can tell; the server decides. */
export function mayEdit(message) {
  return message.deleted_at === null && isWithin(message, state.limits.message_edit_minutes);
}

function isWithin(message, minutes) {
  return Date.now() - new Date(message.created_at) < minutes * 60_000;
}
