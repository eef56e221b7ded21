/** One's own profile, privacy, appearance and the people one blocks. */
import { avatar } from "./avatar.js";
import { $, h, whileBusy } from "./dom.js";
import { on, set, state } from "./store.js";
import { toast, toastError } from "./toasts.js";
import { clearRefusal, dialog, moveWithArrows, showRefusal } from "./widgets.js";

const SWITCHES = ["listed", "send_read_receipts", "show_online_status", "show_last_seen", "show_in_call"];
const TEXTS = ["display_name", "bio", "country"];

export function createSettings(client) {
  const box = dialog("settings-dialog");
  const form = $("settings-form");
  const code = $("verification-form");
  const themes = [...$("theme-choice").children];
  const modes = [...$("mode-choice").children];

  on("blocked", showBlocked);
  on("mode", showMode);
  form.addEventListener("submit", save);
  $("photo-input").addEventListener("change", sendPhoto);
  code.addEventListener("submit", verify);
  $("verification-resend").addEventListener("click", (event) => whileBusy(event.currentTarget, resend));
  themes.forEach((one) => one.addEventListener("click", () => chooseTheme(one)));
  $("theme-choice").addEventListener("keydown", (event) => {
    if (moveWithArrows(event, themes, "ArrowLeft", "ArrowRight")) chooseTheme(document.activeElement);
  });

  modes.forEach((one) => one.addEventListener("click", () => chooseMode(one)));
  $("mode-choice").addEventListener("keydown", (event) => {
    if (moveWithArrows(event, modes, "ArrowLeft", "ArrowRight")) chooseMode(document.activeElement);
  });

  function open() {
    const { me } = state;
    if (!me) return;
    clearRefusal(form);
    TEXTS.forEach((name) => (form.elements[name].value = me[name]));
    SWITCHES.forEach((name) => (form.elements[name].checked = me[name]));
    $("settings-avatar").replaceChildren(avatar(me, "large"));
    $("verification").hidden = me.email_verified;
    showTheme();
    showMode();
    showBlocked();
    box.open();
  }

  async function save(event) {
    event.preventDefault();
    const values = {};
    TEXTS.forEach((name) => (values[name] = form.elements[name].value));
    SWITCHES.forEach((name) => (values[name] = form.elements[name].checked));
    try {
      const work = () => client.api.patch("me", values);
      set({ me: await whileBusy(form.querySelector("[type=submit]"), work) });
    } catch (error) {
      showRefusal(form, error);
      return;
    }
    box.close();
    toast("Saved.");
  }

  async function sendPhoto({ target }) {
    const [photo] = target.files;
    target.value = "";
    if (!photo) return;
    const body = new FormData();
    body.append("photo", photo);
    try {
      set({ me: await client.api.upload("me/photo", body) });
      $("settings-avatar").replaceChildren(avatar(state.me, "large"));
      toast("Your photo is up.");
    } catch (error) {
      toastError(error);
    }
  }

  async function verify(event) {
    event.preventDefault();
    try {
      await client.api.post("auth/verify-email", { code: code.elements.code.value });
      set({ me: { ...state.me, email_verified: true } });
      code.reset();
      $("verification").hidden = true;
      toast("Your e-mail address is verified.");
    } catch (error) {
      toastError(error);
    }
  }

  async function resend() {
    try {
      await client.api.post("auth/verify-email/resend");
      toast("A new code is on its way.");
    } catch (error) {
      toastError(error);
    }
  }

  function chooseTheme(choice) {
    window.pairlyTheme.set(choice.dataset.themeValue);
    showTheme();
  }

  function showTheme() {
    const chosen = window.pairlyTheme.get();
    themes.forEach((one) => check(one, one.dataset.themeValue === chosen));
  }

  async function chooseMode(choice) {
    try {
      await client.presence.choose(choice.dataset.mode);
    } catch (error) {
      toastError(error);
    }
  }

  function showMode() {
    modes.forEach((one) => check(one, one.dataset.mode === state.mode));
  }

  function check(radio, isChosen) {
    radio.setAttribute("aria-checked", String(isChosen));
    radio.tabIndex = isChosen ? 0 : -1;
  }

  function showBlocked() {
    const rows = [...state.blocked].map(([id, name]) => {
      const free = (event) => whileBusy(event.currentTarget, () => client.unblock(id).catch(toastError));
      return h("li", {}, avatar({ id, display_name: name }, "small"), h("span", {}, name),
        h("button", { type: "button", class: "button quiet", "aria-label": `Unblock ${name}`, onclick: free }, "Unblock"));
    });
    $("blocked-people").replaceChildren(...rows);
    $("nobody-blocked").hidden = rows.length > 0;
  }

  return { open };
}
