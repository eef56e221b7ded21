/**
 * Messages on their way. Each has its `client_id` from the start and keeps it through every retry,
 * so that a message whose ack was lost is neither doubled nor charged twice.
 *
 * `status`: `waiting` (goes out by itself once there is a connection), `sending`, or `failed`
 * (refused; the person decides).
 */
import { newId, session } from "./session.js";
import { changed, state } from "./store.js";

export function createOutbox({ socket, onSent, onRefused }) {
  let sending = false;
  let timer = null;
  let pausedUntil = 0; // the server asked for patience

  /** After a reload, what was under way counts as waiting. */
  function restore() {
    const known = (item) => ({ ...item, status: item.status === "failed" ? "failed" : "waiting" });
    state.unsent = session.unsent.map(known);
    changed("unsent");
  }

  function keep() {
    session.unsent = state.unsent;
    changed("unsent");
  }

  /** `content`: {kind, text, attachments (as uploaded), replyTo (an id or null)}. */
  function add(conversationId, content) {
    const item = {
      clientId: newId(),
      conversationId,
      ...content,
      createdAt: new Date().toISOString(),
      status: "waiting",
      error: null,
    };
    state.unsent = [...state.unsent, item];
    keep();
    flush();
  }

  function retry(clientId) {
    const item = state.unsent.find((one) => one.clientId === clientId);
    if (!item) return;
    Object.assign(item, { status: "waiting", error: null });
    keep();
    flush();
  }

  function discard(clientId) {
    state.unsent = state.unsent.filter((item) => item.clientId !== clientId);
    keep();
  }

  /** Send what waits, one after the other, so that the order stays. */
  async function flush() {
    clearTimeout(timer);
    if (sending) return;
    sending = true;
    try {
      for (let item = next(); item && socket.ready; item = next()) await send(item);
    } finally {
      sending = false;
    }
  }

  function next() {
    if (Date.now() < pausedUntil) return undefined;
    return state.unsent.find((item) => item.status === "waiting");
  }

  async function send(item) {
    item.status = "sending";
    changed("unsent");
    try {
      const ack = await socket.command("message.send", {
        conversation_id: item.conversationId,
        client_id: item.clientId,
        kind: item.kind,
        text: item.text,
        attachment_ids: item.attachments.map((one) => one.id),
        reply_to_id: item.replyTo,
      });
      discard(item.clientId);
      onSent(ack);
    } catch (error) {
      refused(item, error);
    }
  }

  function refused(item, error) {
    const waits = error.isConnectionLost || error.code === "rate_limited";
    Object.assign(item, {
      status: waits ? "waiting" : "failed",
      error: waits ? null : { code: error.code, detail: error.message, traceId: error.traceId },
    });
    if (error.code === "rate_limited") {
      const milliseconds = (error.retryAfterSeconds || 1) * 1000;
      pausedUntil = Date.now() + milliseconds;
      timer = setTimeout(flush, milliseconds);
    }
    keep();
    if (!waits) onRefused(item, error);
  }

  return { add, discard, flush, restore, retry };
}
