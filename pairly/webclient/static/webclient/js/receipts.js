/** Ticks for the other: `delivered` as soon as this device has a message, `read` once a person
 * looked at it. Several moves become one command. */
import { state } from "./store.js";

const GATHER_MILLISECONDS = 150;

export function createReceipts({ socket, onMoved }) {
  const wanted = new Map(); // conversation id -> newest number that was looked at
  let timer = null;

  function read(conversationId, seq) {
    wanted.set(conversationId, Math.max(seq, wanted.get(conversationId) || 0));
    schedule();
  }

  function schedule() {
    if (timer === null) timer = setTimeout(send, GATHER_MILLISECONDS);
  }

  function send() {
    timer = null;
    if (!socket.ready) return; // asked again once there is a connection
    for (const conversation of state.conversations.values()) {
      const move = due(conversation, wanted.get(conversation.id) || 0);
      if (move) tell({ conversation_id: conversation.id, ...move });
    }
    wanted.clear();
  }

  async function tell(move) {
    try {
      onMoved(await socket.command("receipt.update", move));
    } catch (error) {
      if (!error.code) throw error; // a refusal: the next message brings the next chance
    }
  }

  return { read, schedule };
}

/** What to tell of a conversation; null when the server knows it all. */
function due(conversation, looked) {
  const read = Math.min(looked, conversation.last_seq);
  const move = {};
  if (conversation.last_seq > conversation.my_delivered_seq) {
    move.delivered_seq = conversation.last_seq;
  }
  if (read > conversation.my_read_seq) move.read_seq = read;
  return Object.keys(move).length ? move : null;
}
