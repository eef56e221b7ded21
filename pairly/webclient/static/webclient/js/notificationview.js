/** The bell with its number, the list behind it, and a line at the edge when something arrives. */
import { $, h, icon, reconcile, setText, whileBusy } from "./dom.js";
import { fullTime, whenShort } from "./format.js";
import { go, route } from "./router.js";
import { on, state } from "./store.js";
import { notice, toastError } from "./toasts.js";

const ICONS = {
  messages: "i-chat", calls: "i-call", credits: "i-coin", credits_added: "i-coin", payments: "i-coin",
  security: "i-lock", safety: "i-flag",
};

export const iconOf = (category) => ICONS[category] || "i-bell";

/** `openCredits()` shows the purchase; `openPreferences()` how one is told. */
export function createNotificationView(client, { openCredits, openPreferences }) {
  const { notifications } = client;
  const list = $("notification-rows");

  on("unreadNotifications", showCount);
  on("notifications", showList);
  $("read-all").addEventListener("click", () => whileBusy($("read-all"), () => notifications.readAll().catch(toastError)));
  $("notification-settings").addEventListener("click", openPreferences);
  $("more-notifications").addEventListener("click", () =>
    whileBusy($("more-notifications"), () => notifications.more().catch(toastError)));

  function showCount() {
    const count = state.unreadNotifications;
    setText($("bell-count"), count > 99 ? "99+" : String(count));
    $("bell-count").hidden = count === 0;
    $("bell").setAttribute("aria-label", count ? `Notifications, ${count} unread` : "Notifications");
    $("read-all").disabled = count === 0;
  }

  function showList() {
    reconcile(list, state.notifications, {
      key: (one) => one.id,
      signature: (one) => `${one.read_at} ${one.title} ${one.body}`,
      build: row,
    });
    $("no-notifications").hidden = state.notifications.length > 0;
    $("more-notifications").hidden = !state.moreNotifications;
  }

  function row(one) {
    const remove = (event) => {
      event.stopPropagation();
      notifications.remove(one.id).catch(toastError);
    };
    return h("li", { class: one.read_at ? "notification" : "notification unread" },
      h("button", { type: "button", class: "notification-main", onclick: () => open(one) },
        h("span", { class: "notification-icon" }, icon(iconOf(one.category))),
        h("span", { class: "notification-text" },
          h("b", {}, one.title),
          h("span", {}, one.body),
          h("time", { datetime: one.created_at, title: fullTime(one.created_at) }, whenShort(one.created_at)))),
      h("button", { type: "button", class: "round-button small", "aria-label": `Remove: ${one.title}`, onclick: remove }, icon("i-close")));
  }

  /** Go to what it is about. */
  function open(one) {
    notifications.read(one.id).catch(toastError);
    const { conversation_id: conversationId, call_id: callId } = one.data;
    if (conversationId) go("chats", conversationId);
    else if (callId) go("calls");
    else if (iconOf(one.category) === "i-coin") openCredits();
  }

  /** What one is looking at needs no line; it is read. */
  function told(one) {
    const shown = route();
    const { conversation_id: conversationId } = one.data;
    if (conversationId && shown.page === "chats" && shown.id === conversationId && !document.hidden) {
      notifications.read(one.id).catch(() => {}); // stays unread, and no harm done
    } else if (!document.hidden && shown.page !== "notifications") {
      notice({ title: one.title, text: one.body, name: iconOf(one.category), onOpen: () => open(one) });
    }
  }

  return { told };
}
