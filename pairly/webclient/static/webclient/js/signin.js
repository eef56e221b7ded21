/** The page for those who are not signed in. */
import { avatar } from "./avatar.js";
import { $, whileBusy } from "./dom.js";
import { clearRefusal, isComplete, showRefusal, tabs } from "./widgets.js";

const TITLES = {
  "tab-sign-in": ["Welcome back", "Sign in to read and write."],
  "tab-register": ["Nice to meet you", "A few words about you, and off you go."],
};

export function createSignIn(client, { onSignedIn }) {
  const page = $("sign-in");
  const forms = { "auth/login": $("sign-in-form"), "auth/register": $("register-form") };

  const select = tabs(page.querySelector("[role=tablist]"), (tab) => {
    const [title, note] = TITLES[tab.id];
    $("sign-in-title").textContent = title;
    $("sign-in-note").textContent = note;
  });

  for (const [path, form] of Object.entries(forms)) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!isComplete(form)) return;
      const values = Object.fromEntries(new FormData(form));
      if (values.country === "") delete values.country;
      if (path === "auth/register") values.time_zone = timeZone();
      submit(form, path, values);
    });
  }

  for (const button of page.querySelectorAll("[data-email]")) {
    const { email, password } = button.dataset;
    button.addEventListener("click", () => {
      select($("tab-sign-in"));
      whileBusy(button, () => submit(forms["auth/login"], "auth/login", { email, password }));
    });
  }
  for (const place of page.querySelectorAll("[data-avatar-of]")) {
    place.replaceWith(avatar({ display_name: place.dataset.avatarOf }, "tiny"));
  }

  async function submit(form, path, values) {
    clearRefusal(form);
    try {
      await whileBusy(form.querySelector("[type=submit]"), () => client.signIn(path, values));
    } catch (error) {
      showRefusal(form, error);
      return;
    }
    form.reset();
    onSignedIn();
  }

  /** `note` says why one is here, if not by choice. */
  function show(note = null) {
    select($("tab-sign-in"));
    if (note) $("sign-in-note").textContent = note;
    page.hidden = false;
  }

  return { show, hide: () => (page.hidden = true) };
}

/** The browser's, where the server knows it by the same name. */
function timeZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
