/** Who of the people one writes with is here, and as what one wishes to be seen. */
import { recentConversations } from "./chat.js";
import { h } from "./dom.js";
import { whenShort } from "./format.js";
import { changed, on, set, state } from "./store.js";

const WATCHED_MAX = 500;
const WORDS = { online: "Online", busy: "In a call", away: "Away" };
const WISHES = { away: "You show as away", invisible: "You are invisible" };

export function createPresence({ api, socket }) {
  let watched = new Set(); // on the open socket

  on("conversations", follow);

  async function readState() {
    const { mode } = await api.get("presence");
    set({ mode });
  }

  /** A new socket watches nobody yet. */
  function online() {
    watched = new Set();
    return follow();
  }

  async function follow() {
    if (!socket.ready) return;
    const peers = recentConversations().map((one) => one.peer.id);
    const ids = peers.filter((id) => !watched.has(id)).slice(0, WATCHED_MAX - watched.size);
    if (!ids.length) return;
    ids.forEach((id) => watched.add(id));
    try {
      const { results } = await socket.command("presence.watch", { user_ids: ids });
      results.forEach(shows);
    } catch {
      ids.forEach((id) => watched.delete(id)); // asked again with the next conversation or socket
    }
  }

  function shows(data) {
    state.presence.set(data.user_id, data);
    changed("presence");
  }

  /** `mode`: auto, away or invisible. */
  async function choose(mode) {
    set(await api.put("presence", { mode }));
  }

  return { choose, online, readState, shows };
}

/** What an avatar wears; nothing for who is offline. */
export function presenceDot(userId) {
  const status = state.presence.get(userId)?.status;
  return WORDS[status] ? dot(status, WORDS[status]) : null;
}

/** What one's own avatar wears, who wishes to be seen as something else. */
export function wishDot() {
  return wishWord() ? dot(state.mode, wishWord()) : null;
}

export function wishWord() {
  return WISHES[state.mode] || "";
}

function dot(kind, word) {
  return h("span", { class: `presence ${kind}`, title: word }, h("span", { class: "visually-hidden" }, word));
}

/** In words, with when they were last here if they tell it; empty where nothing is known. */
export function presenceWord(userId) {
  const { status, last_seen: lastSeen } = state.presence.get(userId) || {};
  return WORDS[status] || (lastSeen ? `Last here ${whenShort(lastSeen)}` : "");
}
