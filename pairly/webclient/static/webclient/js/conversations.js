/** The list of conversations. */
import { avatar } from "./avatar.js";
import { recentConversations } from "./chat.js";
import { $, h, icon, reconcile } from "./dom.js";
import { fullTime, whenShort } from "./format.js";
import { on, state } from "./store.js";
import { ticks } from "./ticks.js";

export function createConversations() {
  const list = $("conversations");
  const filter = $("chat-filter");
  let openId = null;

  on("conversations", render);
  on("unsent", render);
  filter.addEventListener("input", render);
  list.addEventListener("keydown", moveByArrows);

  function render() {
    if (!state.me) return;
    const wanted = filter.value.trim().toLocaleLowerCase();
    const shown = recentConversations().filter(({ peer }) =>
      peer.display_name.toLocaleLowerCase().includes(wanted),
    );
    reconcile(list, shown, { key: (one) => one.id, signature, build });
    $("no-conversations").hidden = state.conversations.size > 0;
    list.hidden = state.conversations.size === 0;
  }

  function signature(one) {
    const waits = unsentIn(one).map((item) => item.status + item.clientId);
    const message = one.last_message;
    return JSON.stringify([
      one.peer, message?.id, message && whenShort(message.created_at), one.unread, one.typing,
      one.peer_delivered_seq, one.peer_read_seq, waits, one.id === openId,
    ]);
  }

  function build(one) {
    const { peer, last_message: message } = one;
    const unread = one.unread
      ? h("span", { class: "badge" }, one.unread > 99 ? "99+" : String(one.unread), h("span", { class: "visually-hidden" }, " unread"))
      : null;
    const time = message
      ? h("time", { datetime: message.created_at, title: fullTime(message.created_at) }, whenShort(message.created_at))
      : null;
    const link = h(
      "a",
      { class: "conversation", href: `#/chats/${one.id}`, "aria-current": one.id === openId ? "true" : null },
      avatar(peer),
      h("span", { class: "conversation-text" },
        h("span", { class: "conversation-top" }, h("b", {}, peer.display_name), time),
        h("span", { class: `conversation-last${one.unread ? " unread" : ""}` }, lastLine(one), unread)),
    );
    return h("li", {}, link);
  }

  function lastLine(one) {
    if (one.typing) return h("span", { class: "typing-word" }, "typing…");
    const waiting = unsentIn(one).at(-1);
    if (waiting) {
      const mark = waiting.status === "failed" ? icon("i-alert", { label: "Not sent", className: "icon failed" }) : icon("i-clock", { label: "Sending", className: "tick" });
      return h("span", { class: "preview" }, mark, waiting.text);
    }
    const message = one.last_message;
    if (!message) return h("span", { class: "preview" }, "Say hello");
    const mine = message.sender_id === state.me.id;
    return h("span", { class: "preview" }, mine ? ticks(one, message.seq) : null, message.text);
  }

  function moveByArrows(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const links = [...list.querySelectorAll("a")];
    const target = links[links.indexOf(document.activeElement) + step];
    if (!target) return;
    event.preventDefault();
    target.focus();
  }

  return {
    select(id) {
      openId = id;
      render();
    },
  };
}

function unsentIn(conversation) {
  return state.unsent.filter((item) => item.conversationId === conversation.id);
}
