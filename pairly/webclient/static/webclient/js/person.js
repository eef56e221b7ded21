/** Another person's profile, and what keeps one safe: reporting and blocking. */
import { avatar } from "./avatar.js";
import { $, setText, whileBusy } from "./dom.js";
import { countryName } from "./format.js";
import { presenceDot, presenceWord } from "./presence.js";
import { on, state } from "./store.js";
import { toast, toastError } from "./toasts.js";
import { clearRefusal, confirm, dialog, showRefusal } from "./widgets.js";

export function createPerson(client, { write }) {
  const sheet = dialog("person-dialog");
  const report = dialog("report-dialog");
  const form = $("report-form");
  let person = null;
  let reported = null; // {target_type, target_id}

  on("blocked", show);
  on("presence", show);
  $("person-write").addEventListener("click", (event) =>
    whileBusy(event.currentTarget, async () => (await write(person)) && sheet.close()));
  $("person-report").addEventListener("click", () => openReport(person));
  $("person-block").addEventListener("click", () => toggleBlock(person));
  form.addEventListener("submit", sendReport);

  /** Show what is known at once, then what is true now. */
  async function open(shown) {
    person = shown;
    show();
    sheet.open();
    try {
      const fresh = await client.api.get(`users/${shown.id}`);
      if (person.id === shown.id) person = fresh;
      show();
    } catch (error) {
      if (error.status !== 404) toastError(error); // blocked: what was known stays on show
    }
  }

  function show() {
    if (!person) return;
    const isBlocked = state.blocked.has(person.id);
    $("person-avatar").replaceChildren(avatar(person, "large"), presenceDot(person.id) || "");
    setText($("person-name"), person.age ? `${person.display_name}, ${person.age}` : person.display_name);
    setText($("person-facts"), [presenceWord(person.id), countryName(person.country)].filter(Boolean).join(" · "));
    setText($("person-bio"), person.bio || "");
    $("person-write").hidden = isBlocked;
    setText($("person-block"), isBlocked ? "Unblock" : "Block");
  }

  /** A person, or one message of theirs. */
  function openReport(target, message = null) {
    reported = message
      ? { target_type: "message", target_id: message.id }
      : { target_type: "user", target_id: target.id };
    form.reset();
    clearRefusal(form);
    setText($("report-title"), message ? "Report this message" : `Report ${target.display_name}`);
    report.open();
  }

  async function sendReport(event) {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(form));
    const body = { ...reported, ...values };
    try {
      await whileBusy(form.querySelector("[type=submit]"), () => client.api.post("reports", body));
    } catch (error) {
      showRefusal(form, error);
      return;
    }
    report.close();
    toast("Thank you. We will look at it.");
  }

  async function toggleBlock(target) {
    const isBlocked = state.blocked.has(target.id);
    if (!isBlocked && !(await confirmBlock(target))) return;
    try {
      await (isBlocked ? client.unblock(target.id) : client.block(target));
      toast(isBlocked ? `${target.display_name} can reach you again.` : `You blocked ${target.display_name}.`);
    } catch (error) {
      toastError(error);
    }
  }

  return { open, openReport, toggleBlock };
}

function confirmBlock(target) {
  return confirm({
    title: `Block ${target.display_name}?`,
    text: "You will not be able to write to each other or find each other. You can unblock them in the settings.",
    yes: "Block",
  });
}
