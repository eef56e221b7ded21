/** The page of calls that were: with whom, how long, what they cost. */
import { avatar } from "./avatar.js";
import { duration } from "./callview.js";
import { $, h, icon, whileBusy } from "./dom.js";
import { credits, fullTime, whenShort } from "./format.js";
import { on, state } from "./store.js";
import { toastError } from "./toasts.js";

const WHY = {
  missed: "Missed", declined: "Declined", cancelled: "Cancelled", failed: "Not connected", dropped: "Connection lost",
  no_credit: "Credits ran out", blocked: "Ended", moderation: "Ended by Pairly", completed: "",
};

export function createCallHistory(client, { openPerson }) {
  const rows = $("call-rows");
  let next = null;

  on("calls", () => $("calls").hidden || load());
  $("more-calls").addEventListener("click", () => whileBusy($("more-calls"), () => load(next)));

  async function load(from = "calls?limit=30") {
    try {
      const page = await client.api.get(from);
      const known = from === next ? [...rows.children] : [];
      rows.replaceChildren(...known, ...page.results.map(row));
      next = page.next;
      $("more-calls").hidden = next === null;
      $("no-calls").hidden = rows.children.length > 0;
    } catch (error) {
      toastError(error);
    }
  }

  function row(call) {
    const made = call.caller_id === state.me.id;
    const why = call.status === "ended" ? WHY[call.end_reason] : "Now";
    const missed = !made && ["missed", "cancelled"].includes(call.end_reason);
    const word = missed ? "Missed" : [made ? "Outgoing" : "Incoming", why].filter(Boolean).join(" · ");
    const again = (media, name, label) =>
      h("button", { type: "button", class: "round-button", "aria-label": `${label} ${call.peer.display_name}`, onclick: () => client.calls.start(call.peer, media) }, icon(name));
    return h("li", {},
      h("button", { type: "button", class: "avatar-button", "aria-label": `Profile of ${call.peer.display_name}`, onclick: () => openPerson(call.peer) }, avatar(call.peer)),
      h("span", { class: "call-row-text" },
        h("b", {}, call.peer.display_name),
        h("small", { class: missed ? "missed" : "" }, icon(call.media === "video" ? "i-video" : "i-call"),
          word, " · ", h("time", { datetime: call.created_at, title: fullTime(call.created_at) }, whenShort(call.created_at)))),
      h("span", { class: "call-row-cost" },
        h("b", {}, call.connected_at ? duration(call.billed_seconds) : ""),
        made && call.credits ? credits(call.credits) : ""),
      again(call.media, call.media === "video" ? "i-video" : "i-call", "Call"));
  }

  return {
    open: load.bind(null, undefined),
    reset: () => rows.replaceChildren(),
  };
}
