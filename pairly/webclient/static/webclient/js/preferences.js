/** How one wants to be told: by category and channel, when not, and in this browser. */
import { $, h, whileBusy } from "./dom.js";
import { toast, toastError } from "./toasts.js";
import { clearRefusal, dialog, showRefusal } from "./widgets.js";

const CHANNELS = { in_app: "In the app", email: "E-mail", push: "Push" };
const CATEGORIES = {
  messages: "Messages", calls: "Calls", credits: "Credits run low", credits_added: "Credits added", payments: "Payments",
  security: "Security", safety: "Decisions of our team", news: "News of the service", offers: "Offers",
};
const ALWAYS = new Set(["credits_added", "payments", "security", "safety"]);

export function createPreferences(client, { push }) {
  const box = dialog("preferences-dialog");
  const form = $("preferences-form");
  const here = $("push-here");

  form.addEventListener("submit", save);
  form.elements.quiet.addEventListener("change", showQuiet);
  here.addEventListener("change", () => whileBusy(here, switchPush));

  async function open() {
    clearRefusal(form);
    try {
      fill(await client.notifications.chosen());
    } catch (error) {
      toastError(error);
      return;
    }
    box.open();
    await showPush();
  }

  function fill(chosen) {
    form.elements.language.value = chosen.language;
    form.elements.marketing.checked = chosen.marketing;
    form.elements.quiet.checked = chosen.quiet_hours !== null;
    form.elements.start.value = chosen.quiet_hours?.start || "22:00";
    form.elements.end.value = chosen.quiet_hours?.end || "08:00";
    showQuiet();
    const head = h("tr", {}, h("td", {}), ...Object.values(CHANNELS).map((name) => h("th", { scope: "col" }, name)));
    const rows = Object.entries(chosen.categories).map(([name, channels]) => row(name, channels));
    $("preferences-rows").replaceChildren(head, ...rows);
  }

  /** What is critical shows, and cannot be switched off. */
  function row(category, channels) {
    const word = CATEGORIES[category] || category;
    const cells = Object.entries(CHANNELS).map(([channel, name]) => {
      if (!(channel in channels)) return h("td", {}, h("span", { class: "soft", "aria-label": "Not offered" }, "–"));
      return h("td", {}, h("input", {
        type: "checkbox", name: `${category}:${channel}`, "aria-label": `${word}: ${name}`,
        checked: channels[channel], disabled: ALWAYS.has(category),
      }));
    });
    return h("tr", {}, h("th", { scope: "row" }, word), ...cells);
  }

  function showQuiet() {
    $("quiet-times").hidden = !form.elements.quiet.checked;
  }

  async function save(event) {
    event.preventDefault();
    const categories = {};
    for (const one of form.querySelectorAll("#preferences-rows input:not(:disabled)")) {
      const [category, channel] = one.name.split(":");
      (categories[category] ??= {})[channel] = one.checked;
    }
    const { language, marketing, quiet, start, end } = form.elements;
    const change = {
      language: language.value,
      marketing: marketing.checked,
      quiet_hours: quiet.checked ? { start: start.value, end: end.value } : null,
      categories,
    };
    try {
      await whileBusy(form.querySelector("[type=submit]"), () => client.notifications.choose(change));
    } catch (error) {
      showRefusal(form, error);
      return;
    }
    box.close();
    toast("Saved.");
  }

  async function showPush() {
    const why = push.whyNot();
    here.disabled = why !== null;
    here.checked = why === null && (await push.isOn());
    $("push-why").textContent = why || "Also when Pairly is closed.";
  }

  async function switchPush() {
    try {
      if (here.checked) await push.turnOn();
      else await push.turnOff();
    } catch (error) {
      if (error.code === undefined && error.name !== "PushFailed") throw error;
      toast(error.message, { kind: "error", traceId: error.traceId });
    }
    await showPush();
  }

  return { open };
}
