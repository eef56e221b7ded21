/** Buying credits, and every movement of them. */
import { $, h, icon, whileBusy } from "./dom.js";
import { countOf, credits, fullTime, money } from "./format.js";
import { newId } from "./session.js";
import { on, state } from "./store.js";
import { toastError } from "./toasts.js";
import { dialog, tabs } from "./widgets.js";
import { createCheckout } from "./checkout.js";

const KINDS = {
  message: "Message",
  call: "Call",
  purchase: "Purchase",
  bonus: "Welcome bonus",
  grant: "Gift",
  refund: "Refund",
  dispute: "Dispute",
};

/** `openSettings`: where an e-mail address is verified, if buying asks for that. */
export function createCredits(client, { openSettings }) {
  const box = dialog("credits-dialog");
  const form = $("purchase-form");
  const select = tabs(box.element.querySelector("[role=tablist]"), (tab) => tab.id === "tab-history" && loadHistory());
  const checkout = createCheckout(client, { again: showForm, done: () => box.close() });
  let packages = [];
  let next = null;
  let wish = null; // {body, key}: one key for one wish, however often it is sent

  on("wallet", note);
  form.addEventListener("change", showPackages);
  form.addEventListener("submit", buy);
  $("more-transactions").addEventListener("click", (event) => whileBusy(event.currentTarget, moreHistory));
  box.element.addEventListener("close", checkout.stop);

  /** `reason` says why one should buy, if there is one. */
  async function open(reason = null) {
    box.element.dataset.reason = typeof reason === "string" ? reason : "";
    note();
    showForm();
    select($("tab-buy"));
    box.open();
    try {
      const found = await client.api.get("packages");
      packages = Array.isArray(found) ? found : found.results;
      showCurrencies();
      showPackages();
    } catch (error) {
      toastError(error);
    }
  }

  function note() {
    if (!state.wallet) return;
    const { available, held, debt, frozen } = state.wallet;
    const parts = [box.element.dataset.reason, `You have ${credits(available)}.`];
    if (held) parts.push(`${countOf(held)} are set aside.`);
    if (frozen) parts.push("Your credits are frozen for now; please write to support.");
    if (debt) parts.push(`You owe ${credits(debt)}; the next purchase settles that first.`);
    $("purchase-note").textContent = parts.filter(Boolean).join(" ");
  }

  function showForm() {
    wish = null;
    checkout.stop();
    form.hidden = false;
  }

  function showCurrencies() {
    const select = form.elements.currency;
    const known = [...new Set(packages.flatMap((one) => Object.keys(one.prices)))];
    const chosen = select.value || (state.me.country === "IN" ? "INR" : "USD");
    select.replaceChildren(...known.map((code) => h("option", { value: code, selected: code === chosen }, code)));
  }

  function showPackages() {
    const currency = form.elements.currency.value;
    const chosen = form.elements.package?.value;
    const priced = packages.filter((one) => currency in one.prices);
    const each = (one) => one.prices[currency] / one.credits;
    const dearest = Math.max(...priced.map(each));
    const fallback = priced[Math.min(1, priced.length - 1)]?.code;
    const wanted = priced.some((one) => one.code === chosen) ? chosen : fallback;
    $("packages").replaceChildren(...priced.map((one) => {
      const saving = Math.round((1 - each(one) / dearest) * 100);
      return h("label", { class: "package" },
        h("input", { type: "radio", name: "package", value: one.code, checked: one.code === wanted }),
        h("span", { class: "package-face" },
          icon("i-coin"),
          h("b", {}, countOf(one.credits)), h("small", {}, "credits"),
          h("span", { class: "package-price" }, money(one.prices[currency], currency)),
          saving > 0 ? h("span", { class: "saving" }, `Save ${saving} %`) : null));
    }));
    $("purchase-next").disabled = !priced.length;
    const selected = priced.find((one) => one.code === wanted);
    $("purchase-next").textContent = selected ? `Continue · ${money(selected.prices[currency], currency)}` : "Continue";
  }

  async function buy(event) {
    event.preventDefault();
    const body = Object.fromEntries(new FormData(form));
    if (JSON.stringify(wish?.body) !== JSON.stringify(body)) wish = { body, key: newId() };
    try {
      const work = () => client.api.post("payments/intents", body, { key: wish.key });
      const intent = await whileBusy($("purchase-next"), work);
      form.hidden = true;
      checkout.start(intent);
    } catch (error) {
      if (isFinal(error)) wish = null;
      if (error.code === "email_not_verified") needsVerifiedEmail();
      toastError(error);
    }
  }

  function needsVerifiedEmail() {
    box.close();
    openSettings();
  }

  async function loadHistory() {
    next = "wallet/transactions?limit=20";
    $("transactions").replaceChildren();
    await moreHistory();
  }

  async function moreHistory() {
    try {
      const page = await client.api.get(next);
      $("transactions").append(...page.results.filter((one) => one.credits).map(movement));
      next = page.next;
      $("more-transactions").hidden = next === null;
      $("no-transactions").hidden = $("transactions").children.length > 0;
    } catch (error) {
      toastError(error);
    }
  }

  return { open };
}

/** Not one after which the same wish, with the same key, may still come true. */
function isFinal({ status }) {
  return status >= 400 && status < 500 && status !== 409 && status !== 429;
}

function movement(one) {
  const name = KINDS[one.kind] || one.kind.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
  const sign = one.credits > 0 ? "+" : "−";
  return h("li", {},
    h("span", { class: `movement ${one.credits > 0 ? "in" : "out"}` }, icon(one.credits > 0 ? "i-plus" : "i-chat")),
    h("span", { class: "movement-text" }, h("b", {}, name), h("time", { datetime: one.created_at }, fullTime(one.created_at))),
    h("b", { class: one.credits > 0 ? "gain" : "" }, `${sign}${countOf(Math.abs(one.credits))}`));
}
