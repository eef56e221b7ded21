/** From an intent to its end: paid, declined or out of time. In mock mode the person decides here
 * what the provider answers. */
import { $, h, icon, whileBusy } from "./dom.js";
import { credits, money } from "./format.js";
import { on } from "./store.js";
import { toastError } from "./toasts.js";

const ASK_MILLISECONDS_FIRST = 300;
const ASK_MILLISECONDS_MAX = 4000;
const BOUGHT = new Set(["succeeded", "partially_refunded", "refunded"]);
const MOCK_NOTE = "A trial payment: no money moves. Choose what the provider answers.";
const OVER = {
  failed: ["The payment was declined", "Nothing was charged. You can try again."],
  canceled: ["The payment was cancelled", "Nothing was charged."],
  expired: ["Time is up", "The payment was not made in time. Nothing was charged."],
};

export function createCheckout(client, { again, done }) {
  const box = $("checkout");
  const isMock = document.body.hasAttribute("data-mock");
  let intent = null;
  let timer = null;
  let pause = ASK_MILLISECONDS_MAX;

  on("wallet", () => intent && ask(intent.id)); // credits came: perhaps these

  function start(created) {
    intent = created;
    showWaiting();
    box.hidden = false;
    box.querySelector("button")?.focus();
    ask(created.id);
  }

  function stop() {
    clearTimeout(timer);
    intent = null;
    box.hidden = true;
    box.replaceChildren();
  }

  /** The credits come with the provider's word, not with ours; so ask until it is there. */
  async function ask(id) {
    clearTimeout(timer);
    try {
      const found = await client.api.get(`payments/intents/${id}`);
      if (intent?.id !== id) return;
      intent = found;
      if (BOUGHT.has(found.status)) return showPaid();
      if (found.status in OVER) return showOver(found.status);
    } catch (error) {
      if (intent?.id !== id) return;
      if (error.status && error.status !== 429 && error.status < 500) return toastError(error);
    }
    timer = setTimeout(() => ask(id), pause);
    pause = Math.min(2 * pause, ASK_MILLISECONDS_MAX);
  }

  function showWaiting() {
    const amount = money(intent.amount, intent.currency);
    const line = (name, value) => h("div", {}, h("span", {}, name), h("b", {}, value));
    const pay = h("button", { type: "button", class: "button primary block" }, `Pay ${amount}`);
    const decline = h("button", { type: "button", class: "button block" }, "Decline");
    pay.addEventListener("click", () => decide(pay, "succeed"));
    decline.addEventListener("click", () => decide(decline, "decline"));
    box.replaceChildren(
      h("div", { class: "bill" },
        line("You get", credits(intent.credits)), line("You pay", amount),
        line("With", intent.provider.replace(/^./, (first) => first.toUpperCase())), line("Reference", shortId(intent.id))),
      ...(isMock ? [h("p", { class: "mock-note" }, MOCK_NOTE), pay, decline] : atProvider()),
      h("button", { type: "button", class: "link", onclick: cancel }, "Choose another package"));
  }

  /** The provider's own page, where it has one; this window notices what becomes of it. */
  function atProvider() {
    const url = intent.next_action?.url;
    const open = url
      ? h("a", { class: "button primary block", href: url, target: "_blank", rel: "noopener" }, "Go to the payment")
      : null;
    const waiting = h("p", { class: "waiting" }, h("span", { class: "spinner" }), "Waiting for the payment");
    return [open, waiting].filter(Boolean);
  }

  async function decide(button, outcome) {
    const { id } = intent;
    pause = ASK_MILLISECONDS_FIRST;
    try {
      await whileBusy(button, () => client.api.post(`mock/payments/${id}`, { outcome }));
      if (intent?.id === id) await ask(id);
    } catch (error) {
      toastError(error);
    }
  }

  /** What was begun is given up, as far as the server still lets us. */
  function cancel() {
    client.api.post(`payments/intents/${intent.id}/cancel`).catch(() => {});
    again();
  }

  function showPaid() {
    const close = h("button", { type: "button", class: "button primary block", onclick: done }, "Done");
    show("good", "i-check", `${credits(intent.credits)} added`, "Thank you. They are yours at once.", close);
  }

  function showOver(status) {
    const [title, text] = OVER[status];
    const retry = h("button", { type: "button", class: "button primary block", onclick: again }, "Try again");
    show("bad", "i-close", title, text, retry);
  }

  function show(kind, mark, title, text, button) {
    box.replaceChildren(h("div", { class: `outcome ${kind}` },
      h("span", { class: "outcome-mark" }, icon(mark)), h("b", {}, title), h("p", { class: "soft" }, text)), button);
    button.focus();
    intent = null; // nothing more to ask
  }

  return { start, stop };
}

const shortId = (id) => id.slice(-8).toUpperCase();
