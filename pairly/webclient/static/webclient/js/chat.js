/**
 * Conversations and their messages, as events change them. No DOM in here.
 *
 * A conversation is what the API answers, plus `messages` (ascending, without gaps, or null when
 * not read yet), `hasOlder`, and `typing`. Everything here may be applied twice without harm.
 */
import { changed, set, state } from "./store.js";

const PAGE_ROWS = 50;

export function createChat({ api }) {
  const unknown = new Map(); // id -> promise of a conversation being read
  const typingTimers = new Map();

  function put(found) {
    const known = state.conversations.get(found.id);
    const kept = known ? { messages: known.messages, hasOlder: known.hasOlder } : {};
    const typing = known ? known.typing : false;
    state.conversations.set(found.id, { messages: null, hasOlder: false, ...found, ...kept, typing });
    changed("conversations", `conversation:${found.id}`);
    return state.conversations.get(found.id);
  }

  /** Read everything afresh; messages only of the conversation that is looked at. */
  async function readAll(openId) {
    const found = await api.all("conversations?limit=100", 1000);
    const page = openId ? await readPage(openId, "") : null;
    const conversations = new Map(
      found.map((one) => [one.id, { ...one, messages: null, hasOlder: false, typing: false }]),
    );
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

  /** Numbers count without gaps, so one that is skipped shows; read what lies between. */
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
    if (message.seq > conversation.last_seq) {
      conversation.last_seq = message.seq;
      conversation.last_message = message;
      conversation.updated_at = message.created_at;
      if (!mine && message.seq > conversation.my_read_seq) conversation.unread += 1;
    }
    addMessage(conversation, message);
    changed("conversations", `conversation:${conversation.id}`);
    return null;
  }

  function addMessage(conversation, message) {
    if (!conversation.messages) return;
    const newest = newestSeq(conversation);
    if (message.seq === newest + 1) conversation.messages.push(message);
    else if (message.seq > newest) loadNewer(conversation.id).catch(() => (conversation.messages = null));
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

  return { find, loadMessages, loadOlder, messageArrived, openWith, readAll, receiptMoved, typed };
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

export function unreadTotal() {
  let total = 0;
  for (const conversation of state.conversations.values()) total += conversation.unread;
  return total;
}
