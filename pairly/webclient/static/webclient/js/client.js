/** Puts the parts together: who is signed in, the socket, and what events do to the state. */
import { createApi } from "./api.js";
import { createCalls } from "./calls.js";
import { createChat } from "./chat.js";
import { createNotifications } from "./notifications.js";
import { createOutbox } from "./outbox.js";
import { createPresence } from "./presence.js";
import { PairlySocket, STATUS } from "./protocol.js";
import { createPush } from "./push.js";
import { createReceipts } from "./receipts.js";
import { session } from "./session.js";
import { changed, reset, set, state } from "./store.js";

/** `onEnded(code)`: signed out from here or elsewhere; `onRefused(item, error)`: a message was
 * refused; `openConversation()`: the id that is looked at; `onCallEnded(item, reason)`,
 * `onCallRefused(error)`: see calls.js; `onTold(notification)`: see notifications.js; `isActive()`: whether somebody is at
 * the window. */
export function createClient({ onEnded, onRefused, openConversation, onCallEnded, onCallRefused, onTold, isActive }) {
  const api = createApi({ getToken: () => session.token, onSignedOut: () => ended(4401) });
  const socket = new PairlySocket({
    url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws/`,
    getTicket: async () => (await api.post("auth/socket-ticket")).ticket,
    readState,
    onEvent: applyEvent,
    onStatus: statusChanged,
    isActive,
  });
  const chat = createChat({ api });
  const calls = createCalls({ api, socket, onEnded: onCallEnded, onRefused: onCallRefused });
  const notifications = createNotifications({ api, onTold });
  const presence = createPresence({ api, socket });
  const push = createPush({ api });
  const receipts = createReceipts({ socket, onMoved: chat.receiptMoved });
  const outbox = createOutbox({
    socket,
    onSent: ({ message, wallet }) => {
      set({ wallet });
      chat.messageArrived(message);
    },
    onRefused,
  });
  let typingSentAt = 0;

  async function readState() {
    const [me, wallet, config, blocks] = await Promise.all([
      api.get("me"),
      api.get("wallet"),
      api.get("config"),
      api.all("blocks"),
    ]);
    set({ me, wallet, prices: config.prices.messages, limits: config.limits });
    set({ blocked: new Map(blocks.map((one) => [one.user_id, one.display_name])) });
    await chat.readAll(openConversation());
    await Promise.all([calls.readState(), notifications.readState(), presence.readState()]);
  }

  function applyEvent({ type, data }) {
    if (type === "message.new") {
      if (data.wallet) set({ wallet: data.wallet });
      dropSent(data.message);
      // A new conversation is fetched first; if that fails, with the next message, or afresh.
      Promise.resolve(chat.messageArrived(data.message)).then(receipts.schedule, () => {});
    } else if (type.startsWith("call.")) calls.applyEvent({ type, data });
    else if (type.startsWith("notification.")) notifications.applyEvent({ type, data });
    else handlers[type]?.(data);
  }

  const handlers = {
    "conversation.updated": chat.kept,
    "message.deleted": chat.messageDeleted,
    "message.restored": chat.messageRestored,
    "message.updated": ({ message }) => chat.messageChanged(message),
    "presence.changed": presence.shows,
    "receipt.updated": chat.receiptMoved,
    typing: chat.typed,
    "wallet.updated": (wallet) => set({ wallet }),
  };

  /** An own message whose ack was lost comes back as an event. */
  function dropSent(message) {
    if (message.sender_id !== state.me.id) return;
    if (state.unsent.some((item) => item.clientId === message.client_id)) outbox.discard(message.client_id);
  }

  function statusChanged(connection) {
    set({ connection });
    if (connection.status === STATUS.ONLINE) {
      outbox.flush();
      calls.online();
      presence.online();
      receipts.schedule();
    }
    if (connection.status === STATUS.ENDED && connection.code !== null) ended(connection.code);
  }

  function start() {
    outbox.restore();
    socket.open();
    push.refresh().catch(() => {}); // tried again at the next start
  }

  async function signIn(path, values) {
    const device = { device_name: "Web client" };
    const signedIn = await api.post(path, { ...values, ...device }, { open: true });
    session.start(signedIn.token);
    set({ me: signedIn.user });
    start();
  }

  async function signOut() {
    try {
      await api.post("auth/logout");
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    ended(null);
  }

  function ended(code) {
    if (!session.token && !state.me) return;
    session.end();
    calls.reset();
    socket.close();
    reset();
    onEnded(code);
  }

  /** Call at each stroke; told at most every few seconds. */
  function typing(conversationId, active) {
    const pause = state.limits.typing_interval_seconds * 1000;
    if (!socket.ready || (active && Date.now() - typingSentAt < pause)) return;
    typingSentAt = active ? Date.now() : 0;
    const type = active ? "typing.start" : "typing.stop";
    socket.command(type, { conversation_id: conversationId }).catch(() => {}); // may be lost
  }

  async function edit(messageId, text) {
    const { message } = await socket.command("message.edit", { message_id: messageId, text });
    chat.messageChanged(message);
  }

  /** `scope`: `me` or `both`. */
  async function remove(messageId, scope) {
    chat.messageDeleted(await socket.command("message.delete", { message_id: messageId, for: scope }));
  }

  /** `change`: {muted?, archived?}. */
  async function keep(conversationId, change) {
    chat.put(await api.patch(`conversations/${conversationId}`, change));
  }

  async function block(person) {
    await api.put(`blocks/${person.id}`);
    state.blocked.set(person.id, person.display_name);
    changed("blocked");
  }

  async function unblock(userId) {
    await api.delete(`blocks/${userId}`);
    state.blocked.delete(userId);
    changed("blocked");
  }

  return {
    api, block, calls, chat, edit, keep, notifications, outbox, presence, push, receipts, remove, signIn, signOut, socket, start,
    typing, unblock,
  };
}
