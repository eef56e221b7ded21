/**
 * Conversations and their messages, as events change them. No DOM in here.
 *
 * A conversation is what the API answers, plus `messages` (ascending, without those that this person
 * deleted, or null when not read yet), `hasOlder`, `quoted` (messages that others reply to and that
 * lie further up) and `typing`. Everything here may be applied twice without harm.
 */
import { changed, set, state } from "./store.js";

const PAGE_ROWS = 50;

export function createChat({ api }) {
  const unknown = new Map(); // id -> promise of a conversation being read
  const typingTimers = new Map();

  function put(found) {
    const known = state.conversations.get(found.id) || unread();
    const { messages, hasOlder, quoted, typing } = known;
    state.conversations.set(found.id, { ...found, messages, hasOlder, quoted, typing });
    changed("conversations", `conversation:${found.id}`);
    return state.conversations.get(found.id);
  }

  /** Read everything afresh; messages only of the conversation that is looked at. */
  async function readAll(openId) {
    const inbox = await api.all("conversations?limit=100", 1000);
    const archive = await api.all("conversations?limit=100&archived=true", 1000);
    const page = openId ? await readPage(openId, "") : null;
    const found = [...inbox, ...archive];
    const conversations = new Map(found.map((one) => [one.id, { ...one, ...unread() }]));
    const open = conversations.get(openId);
    if (open && page) Object.assign(open, page);
    set({ conversations });
    found.forEach((one) => changed(`conversation:${one.id}`));
  }

  async function readPage(id, where) {
    try {
      const page = await api.get(`conversations/${id}/messages?limit=${PAGE_ROWS}${where}`);
      return { messages: page.results.reverse(), hasOlder: page.next !== null };
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  /** The conversation, read if need be; null when there is none for this user. */
  function find(id) {
    const known = state.conversations.get(id);
    if (known) return Promise.resolve(known);
    if (!unknown.has(id)) {
      const reading = api
        .get(`conversations/${id}`)
        .then(put, (error) => {
          if (error.status === 404) return null;
          throw error;
        })
        .finally(() => unknown.delete(id));
      unknown.set(id, reading);
    }
    return unknown.get(id);
  }

  async function openWith(userId) {
    return put(await api.post("conversations", { user_id: userId }));
  }

  async function loadMessages(id) {
    if (state.conversations.get(id)?.messages) return;
    const page = await readPage(id, "");
    const conversation = state.conversations.get(id);
    if (!page || !conversation || conversation.messages) return;
    Object.assign(conversation, page);
    if (conversation.last_seq > newestSeq(conversation)) await loadNewer(id);
    changed(`conversation:${id}`);
  }

  async function loadOlder(id) {
    const conversation = state.conversations.get(id);
    if (!conversation?.messages?.length || !conversation.hasOlder) return;
    const oldest = conversation.messages[0].seq;
    const page = await readPage(id, `&before_seq=${oldest}`);
    if (!page || conversation.messages?.[0]?.seq !== oldest) return;
    conversation.messages = [...page.messages, ...conversation.messages];
    conversation.hasOlder = page.hasOlder;
    changed(`conversation:${id}`);
  }

  /** Older pages until the one with this number is there, or nothing older is. */
  async function loadUntil(id, seq) {
    const conversation = () => state.conversations.get(id);
    while (conversation()?.hasOlder && conversation().messages[0].seq > seq) await loadOlder(id);
  }

  /** The message that another one replies to: null while it is being read, `false` when it is not
   * there for this person. */
  function quoted(conversation, messageId) {
    const shown = conversation.messages?.find((one) => one.id === messageId);
    if (shown) return shown;
    if (!conversation.quoted.has(messageId)) {
      conversation.quoted.set(messageId, null);
      const done = (found) => {
        conversation.quoted.set(messageId, found);
        changed(`conversation:${conversation.id}`);
      };
      api.get(`messages/${messageId}`).then(done, (error) => {
        if (error.status === 404) done(false);
        else conversation.quoted.delete(messageId); // asked again when it is drawn again
      });
    }
    return conversation.quoted.get(messageId);
  }

  /** A number that was skipped shows; read what lies between. */
  async function loadNewer(id) {
    const conversation = state.conversations.get(id);
    for (let more = true; more && conversation?.messages; ) {
      const after = newestSeq(conversation);
      const page = await api.get(`conversations/${id}/messages?limit=100&after_seq=${after}`);
      conversation.messages.push(...page.results.filter((one) => one.seq > newestSeq(conversation)));
      more = page.next !== null;
    }
    changed(`conversation:${id}`);
  }

  // Events

  function messageArrived(message) {
    const conversation = state.conversations.get(message.conversation_id);
    if (!conversation) return find(message.conversation_id);
    const mine = message.sender_id === state.me.id;
    if (!mine) setTyping(conversation, false);
    addMessage(conversation, message);
    if (message.seq > conversation.last_seq) {
      conversation.archived = false;
      conversation.last_seq = message.seq;
      conversation.last_message = message;
      conversation.updated_at = message.created_at;
      if (!mine && message.seq > conversation.my_read_seq) conversation.unread += 1;
    }
    changed("conversations", `conversation:${conversation.id}`);
    return null;
  }

  /** Before `last_seq` moves: the newest number known, also of a message that was deleted. */
  function addMessage(conversation, message) {
    if (!conversation.messages || message.seq <= newestSeq(conversation)) return;
    if (message.seq === conversation.last_seq + 1) conversation.messages.push(message);
    else loadNewer(conversation.id).catch(() => (conversation.messages = null));
  }

  /** A message as it is now, wherever it stands: edited, or a tombstone. */
  function messageChanged(message) {
    const conversation = state.conversations.get(message.conversation_id);
    if (!conversation) return;
    if (conversation.last_message?.id === message.id) conversation.last_message = message;
    const place = conversation.messages?.findIndex((one) => one.id === message.id) ?? -1;
    if (place >= 0) conversation.messages[place] = message;
    if (conversation.quoted.has(message.id)) conversation.quoted.set(message.id, message);
    changed("conversations", `conversation:${conversation.id}`);
  }

  function messageDeleted(deleted) {
    const conversation = state.conversations.get(deleted.conversation_id);
    if (!conversation) return;
    conversation.unread = deleted.unread;
    if (deleted.last_message !== undefined) conversation.last_message = deleted.last_message;
    if (deleted.message) messageChanged(deleted.message);
    else {
      const left = conversation.messages?.filter((one) => one.id !== deleted.message_id);
      conversation.messages = left?.length || !conversation.hasOlder ? (left ?? null) : null; // read again
      if (conversation.quoted.has(deleted.message_id)) conversation.quoted.set(deleted.message_id, false);
    }
    changed("conversations", `conversation:${conversation.id}`);
  }

  /** Staff gave it back; it has its old place among the others. */
  function messageRestored({ message, unread: count, last_message: last }) {
    const conversation = state.conversations.get(message.conversation_id);
    if (!conversation) return;
    conversation.unread = count;
    if (last) conversation.last_message = last;
    conversation.quoted.delete(message.id);
    const { messages } = conversation;
    const isWithin = messages && (!conversation.hasOlder || messages[0]?.seq < message.seq);
    if (isWithin) {
      const others = messages.filter((one) => one.id !== message.id);
      conversation.messages = [...others, message].sort((a, b) => a.seq - b.seq);
    }
    changed("conversations", `conversation:${conversation.id}`);
  }

  function kept({ conversation_id: id, muted, archived }) {
    const conversation = state.conversations.get(id);
    if (!conversation) return;
    Object.assign(conversation, { muted, archived });
    changed("conversations", `conversation:${id}`);
  }

  function receiptMoved(receipt) {
    const conversation = state.conversations.get(receipt.conversation_id);
    if (!conversation) return;
    const side = receipt.user_id === state.me.id ? "my" : "peer";
    for (const kind of ["delivered_seq", "read_seq"]) {
      const name = `${side}_${kind}`;
      conversation[name] = Math.max(conversation[name], receipt[kind]);
    }
    if (side === "my" && receipt.unread !== undefined && receipt.read_seq >= conversation.my_read_seq) {
      conversation.unread = receipt.unread;
    }
    changed("conversations", `conversation:${conversation.id}`);
  }

  function typed({ conversation_id: id, user_id: userId, active }) {
    const conversation = state.conversations.get(id);
    if (conversation && userId === conversation.peer.id) setTyping(conversation, active);
  }

  /** It goes by itself. Counted from its arrival, since this machine's clock may be wrong. */
  function setTyping(conversation, active) {
    clearTimeout(typingTimers.get(conversation.id));
    if (active) {
      const seconds = state.limits.typing_expiry_seconds;
      const over = () => setTyping(state.conversations.get(conversation.id) || conversation, false);
      typingTimers.set(conversation.id, setTimeout(over, seconds * 1000));
    }
    if (conversation.typing === active) return;
    conversation.typing = active;
    changed("conversations", `conversation:${conversation.id}`);
  }

  return {
    find, kept, loadMessages, loadOlder, loadUntil, messageArrived, messageChanged, messageDeleted,
    messageRestored, openWith, put, quoted, readAll, receiptMoved, typed,
  };
}

function unread() {
  return { messages: null, hasOlder: false, quoted: new Map(), typing: false };
}

function newestSeq(conversation) {
  const { messages } = conversation;
  return messages.length ? messages[messages.length - 1].seq : 0;
}

/** Most recent first, as the list shows them. */
export function recentConversations() {
  const place = ({ updated_at: at, id }) => `${at} ${id}`;
  return [...state.conversations.values()].sort((a, b) => (place(a) < place(b) ? 1 : -1));
}

/** What asks for attention: not what is muted or put away. */
export function unreadTotal() {
  let total = 0;
  for (const { unread: count, muted, archived } of state.conversations.values()) {
    if (!muted && !archived) total += count;
  }
  return total;
}
