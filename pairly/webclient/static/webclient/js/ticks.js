/** One tick: sent. Two: on the other's device. Two in colour: read. */
import { icon } from "./dom.js";

export function ticks(conversation, seq) {
  if (seq <= conversation.peer_read_seq) return icon("i-ticks", { label: "Read", className: "tick read" });
  if (seq <= conversation.peer_delivered_seq) return icon("i-ticks", { label: "Delivered", className: "tick" });
  return icon("i-tick", { label: "Sent", className: "tick" });
}
