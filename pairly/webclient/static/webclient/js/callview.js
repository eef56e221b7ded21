/** The call on the screen: ringing, talking, and the buttons. */
import { avatar } from "./avatar.js";
import { $, setText } from "./dom.js";
import { credits } from "./format.js";
import { ring } from "./ringtone.js";
import { on, state } from "./store.js";

const STATUS = {
  outgoing: "Calling…",
  connecting: "Connecting…",
  active: "",
};

export function createCallView(client, { openCredits }) {
  const box = $("call");
  const remote = $("call-remote");
  const self = $("call-self");
  let shown = null;
  let focusBefore = null;
  let ticking = null;

  on("call", render);
  on("call", renderElsewhere);
  on("elsewhere", renderElsewhere);
  on("wallet", note);
  remote.addEventListener("resize", picture);
  $("call-answer").addEventListener("click", () => client.calls.answer());
  $("call-hang-up").addEventListener("click", () => client.calls.hangUp());
  $("elsewhere-take").addEventListener("click", () => client.calls.takeOver());
  $("call-mute").addEventListener("click", () => client.calls.toggle("audio"));
  $("call-camera").addEventListener("click", () => client.calls.toggle("video"));
  $("call-buy").addEventListener("click", openCredits);
  $("call-shrink").addEventListener("click", () => shrink(!box.classList.contains("small-call")));

  function render() {
    const item = state.call;
    if (!item) {
      hide();
      return;
    }
    if (item.peer.id !== shown) show(item);
    const rings = item.phase === "incoming" || item.phase === "outgoing";
    box.classList.toggle("rings", rings);
    box.dataset.phase = item.phase;
    setText($("call-status"), statusOf(item));
    attach(remote, item.remote);
    attach(self, item.call.media === "video" ? item.stream : null);
    self.hidden = !self.srcObject || item.cameraOff;
    const isAnswering = item.phase === "incoming";
    $("call-answer").hidden = !isAnswering;
    $("call-mute").hidden = isAnswering;
    $("call-camera").hidden = isAnswering || item.call.media !== "video";
    $("call-hang-up").setAttribute("aria-label", isAnswering ? "Decline" : "Hang up");
    press("call-mute", item.muted, "i-mic");
    press("call-camera", item.cameraOff, "i-video");
    $("call-grade").hidden = !(item.isPoor || item.grade === "poor");
    $("call-grade").classList.toggle("poor", item.isPoor || item.grade === "poor");
    setText($("call-grade"), item.isPoor ? "Reconnecting…" : "Poor connection");
    ring(rings ? item.phase : null);
    picture();
    tick();
  }

  function renderElsewhere() {
    $("elsewhere").hidden = !state.elsewhere || state.call !== null;
    if (state.elsewhere) setText($("elsewhere-text"), `You are in a call with ${state.elsewhere.peer.display_name} on another device.`);
  }

  function show({ peer, phase }) {
    shown = peer.id;
    focusBefore = document.activeElement;
    box.hidden = false;
    shrink(false);
    $("call-avatar").replaceChildren(avatar(peer, "large"));
    setText($("call-name"), peer.display_name);
    setText($("call-name-small"), peer.display_name);
    $(phase === "incoming" ? "call-answer" : "call-hang-up").focus();
    ticking = setInterval(tick, 500);
  }

  function hide() {
    if (shown === null) return;
    shown = null;
    box.hidden = true;
    box.classList.remove("has-picture");
    remote.srcObject = self.srcObject = null;
    clearInterval(ticking);
    ring(null);
    focusBefore?.focus?.();
  }

  function attach(video, stream) {
    if (video.srcObject !== stream) video.srcObject = stream;
  }

  function picture() {
    box.classList.toggle("has-picture", remote.videoWidth > 0 && state.call?.phase === "active");
  }

  function shrink(isSmall) {
    box.classList.toggle("small-call", isSmall);
    const button = $("call-shrink");
    button.setAttribute("aria-pressed", String(isSmall));
    button.setAttribute("aria-label", isSmall ? "Make larger" : "Make smaller");
  }

  function press(id, isOn, name) {
    const button = $(id);
    button.setAttribute("aria-pressed", String(isOn));
    button.querySelector("use").setAttribute("href", `#${name}${isOn ? "-off" : ""}`);
  }

  function statusOf({ phase, call }) {
    if (phase !== "incoming") return STATUS[phase];
    return call.media === "video" ? "Video call" : "Voice call";
  }

  function tick() {
    const item = state.call;
    if (!item) return;
    setText($("call-timer"), item.since ? duration((Date.now() - item.since) / 1000) : "");
    setText($("call-cost"), costOf(item));
    note();
  }

  function note() {
    const item = state.call;
    const seconds = item?.lowUntil ? Math.max(0, Math.ceil((item.lowUntil - Date.now()) / 1000)) : null;
    $("call-note").hidden = seconds === null;
    if (seconds !== null) setText($("call-note-text"), `Your credits last for ${seconds} s.`);
  }
}

/** Who is called pays nothing, and hears nothing of it. */
function costOf({ call, credits: spent, phase }) {
  if (call.caller_id !== state.me?.id || !call.quote) return "";
  const each = `${credits(call.quote.credits_per_minute)} a minute`;
  return phase === "active" ? `${credits(spent)} · ${each}` : each;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((one) => String(one).padStart(2, "0"));
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${parts.join(":")}` : parts.join(":");
}
