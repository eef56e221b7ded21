/** The list of conversations. */
import { summaryIcon, summaryOf } from "./attachments.js";
import { avatar } from "./avatar.js";
import { recentConversations } from "./chat.js";
import { $, h, icon, reconcile, setText } from "./dom.js";
import { fullTime, whenShort } from "./format.js";
import { presenceDot } from "./presence.js";
import { on, state } from "./store.js";
import { ticks } from "./ticks.js";

export function createConversations() {
  const list = $("conversations");
  const filter = $("chat-filter");
  const archiveLine = $("archive-line");
  let openId = null;
  let inArchive = false;

  on("conversations", render);
  on("presence", render);
  on("unsent", render);
  filter.addEventListener("input", render);
  list.addEventListener("keydown", moveByArrows);
  archiveLine.addEventListener("click", () => ((inArchive = !inArchive), render()));

  function render() {
    if (!state.me) return;
    const wanted = filter.value.trim().toLocaleLowerCase();
    const all = recentConversations();
    const archived = all.filter((one) => one.archived).length;
    if (!archived) inArchive = false;
    const shown = all.filter(({ archived: away, peer }) =>
      away === inArchive && peer.display_name.toLocaleLowerCase().includes(wanted),
    );
    reconcile(list, shown, { key: (one) => one.id, signature, build });
    archiveLine.hidden = archived === 0;
    archiveLine.setAttribute("aria-expanded", String(inArchive));
    setText($("archive-word"), inArchive ? "Back to chats" : "Archived");
    setText($("archive-count"), inArchive ? "" : String(archived));
    setText($("chats-title"), inArchive ? "Archived" : "Chats");
    $("no-conversations").hidden = all.length > 0;
    list.hidden = all.length === 0;
  }

  function signature(one) {
    const waits = unsentIn(one).map((item) => item.status + item.clientId);
    const message = one.last_message;
    return JSON.stringify([
      one.peer, message?.id, message?.edited_at, message?.deleted_at, one.muted, message && whenShort(message.created_at), one.unread, one.typing,
      one.peer_delivered_seq, one.peer_read_seq, state.presence.get(one.peer.id)?.status, waits, one.id === openId,
    ]);
  }

  function build(one) {
    const { peer, last_message: message } = one;
    const unread = one.unread
      ? h("span", { class: one.muted ? "badge muted" : "badge" }, one.unread > 99 ? "99+" : String(one.unread), h("span", { class: "visually-hidden" }, " unread"))
      : null;
    const time = message
      ? h("time", { datetime: message.created_at, title: fullTime(message.created_at) }, whenShort(message.created_at))
      : null;
    const link = h(
      "a",
      { class: "conversation", href: `#/chats/${one.id}`, "aria-current": one.id === openId ? "true" : null },
      h("span", { class: "avatar-place" }, avatar(peer), presenceDot(peer.id)),
      h("span", { class: "conversation-text" },
        h("span", { class: "conversation-top" }, h("b", {}, peer.display_name),
          one.muted ? icon("i-mute", { label: "Muted", className: "icon muted-mark" }) : null, time),
        h("span", { class: `conversation-last${one.unread ? " unread" : ""}` }, lastLine(one), unread)),
    );
    return h("li", {}, link);
  }

  function lastLine(one) {
    if (one.typing) return h("span", { class: "typing-word" }, "typing…");
    const waiting = unsentIn(one).at(-1);
    if (waiting) {
      const mark = waiting.status === "failed" ? icon("i-alert", { label: "Not sent", className: "icon failed" }) : icon("i-clock", { label: "Sending", className: "tick" });
      return h("span", { class: "preview" }, mark, waiting.text || summaryOf({ ...waiting, deleted_at: null }));
    }
    const message = one.last_message;
    if (!message) return h("span", { class: "preview" }, "Say hello");
    const mine = message.sender_id === state.me.id;
    return h("span", { class: message.deleted_at ? "preview gone" : "preview" },
      mine ? ticks(one, message.seq) : null, summaryIcon(message), summaryOf(message));
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
