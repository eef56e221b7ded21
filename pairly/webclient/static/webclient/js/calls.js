/** The call of this window, if any: what the server tells, the media, signs of life. No DOM. */
import { createLink } from "./link.js";
import { newId } from "./session.js";
import { changed, set, state } from "./store.js";

const HEARTBEAT_SECONDS = 5;
const QUALITY_SECONDS = 10;
const LIVE = ["ringing", "accepted", "active"];

/** `onEnded(item, reason)`: a call is over; `onRefused(error)`: one could not be made. */
export function createCalls({ api, socket, onEnded, onRefused }) {
  let link = null;
  let outgoing = []; // signals that are not acked yet, in order
  let timers = [];
  let counted = null; // statistics of the last report
  const ended = new Set(); // ids, so that no late answer brings one back

  const mine = (call) => call.device_id === socket.ready?.device_id;
  const isCaller = (call) => call.caller_id === state.me.id;
  const ask = (command, data = {}) => socket.command(`call.${command}`, { call_id: state.call.call.id, ...data });

  // What the server tells

  function applyEvent({ type, data }) {
    if (type === "call.incoming") incoming(data);
    else if (type === "call.state") stateChanged(data.call);
    else if (type === "call.ended") over(data.call, data.reason);
    else if (data.call_id !== state.call?.call.id) return;
    else if (type === "call.signal") link?.take(data);
    else if (type === "call.charged") charged(data);
    else if (type === "call.balance_low") change({ lowUntil: Date.now() + data.seconds_left * 1000 });
  }

  function incoming({ call, caller, expires_at: expiresAt }) {
    if (state.call || Date.parse(expiresAt) < Date.now()) return;
    set({ call: newItem(call, caller, "incoming") });
  }

  function stateChanged(call) {
    const item = state.call;
    if (call.status !== "ringing" && !mine(call)) {
      elsewhere(call.id);
      return;
    }
    if (state.elsewhere?.call.id === call.id) set({ elsewhere: null });
    if (item?.call.id !== call.id) return;
    change({ call });
    if (item.phase === "outgoing" && call.status === "accepted") connect();
    if (call.status === "active" && item.phase !== "active") change({ phase: "active", since: Date.now(), credits: call.credits });
  }

  function charged({ minute, credits }) {
    const { minutes } = state.call;
    if (minutes.has(minute)) return;
    minutes.add(minute);
    change({ credits: state.call.credits + credits, lowUntil: null });
  }

  function over(call, reason) {
    if (reason === "answered_elsewhere") {
      elsewhere(call.id);
      return;
    }
    const item = state.call;
    ended.add(call.id);
    if (state.elsewhere?.call.id === call.id) set({ elsewhere: null });
    changed("calls");
    if (item?.call.id !== call.id) return;
    put(null);
    onEnded({ ...item, call }, reason);
  }

  /** Another device of one's own has it: this one may take it over. */
  async function elsewhere(callId) {
    const item = state.call;
    if (item?.call.id === callId) {
      put(null);
      onEnded(item, "answered_elsewhere");
    }
    const call = await api.get(`calls/${callId}`).catch(() => null);
    if (call && isElsewhere(call)) set({ elsewhere: { call, peer: call.peer } });
  }

  function isElsewhere(call) {
    return ["accepted", "active"].includes(call.status) && !mine(call) && !ended.has(call.id);
  }

  // What the person does

  /** Call somebody; the media are asked for first, so that nothing rings in vain. */
  async function start(peer, media) {
    if (state.call) return;
    const item = newItem({ id: null, media, caller_id: state.me.id, status: "ringing" }, peer, "outgoing");
    set({ call: item });
    try {
      const stream = await openMedia(media);
      if (state.call !== item) return stop(stream);
      change({ stream });
      const wish = { callee_id: peer.id, media, client_id: newId() };
      const { call } = await socket.command("call.invite", wish);
      if (state.call?.stream !== stream) {
        // Hung up before it rang.
        await socket.command("call.cancel", { call_id: call.id });
        return undefined;
      }
      change({ call, credits: call.credits });
      if (call.status === "accepted") connect(); // they were calling too
    } catch (error) {
      if (state.call?.peer === peer) put(null);
      onRefused(error);
    }
    return undefined;
  }

  async function answer() {
    const { call } = state.call;
    try {
      const stream = await openMedia(call.media);
      if (state.call?.call.id !== call.id) return stop(stream);
      change({ stream });
      const done = await ask("accept");
      change({ call: done.call });
      connect();
    } catch (error) {
      if (error.code === "conflict" || error.code === "not_found") put(null);
      onRefused(error);
    }
    return undefined;
  }

  /** Decline, cancel or hang up, whichever it is now. Over REST too, should the socket be gone. */
  async function hangUp() {
    const item = state.call;
    const { call } = item;
    const word = call.status !== "ringing" ? "end" : item.phase === "incoming" ? "decline" : "cancel";
    put(null);
    if (!call.id) return;
    try {
      await api.post(`calls/${call.id}/${word}`);
    } catch (error) {
      if (error.code !== "conflict") onRefused(error);
    }
    changed("calls");
  }

  function toggle(kind) {
    const tracks = state.call.stream.getTracks().filter((track) => track.kind === kind);
    const enabled = !tracks.some((track) => track.enabled);
    tracks.forEach((track) => (track.enabled = enabled));
    change(kind === "audio" ? { muted: !enabled } : { cameraOff: !enabled });
  }

  // Media

  function connect(isFresh = false) {
    const { call, stream } = state.call;
    change({ phase: call.status === "active" ? "active" : "connecting" });
    link?.close();
    link = createLink({
      isCaller: isCaller(call),
      stream,
      signal,
      newSession: newId,
      getIceServers: () => api.get(`calls/${call.id}/ice-servers`),
      onRemote: (remote) => change({ remote }),
      onState: mediaChanged,
    });
    if (isCaller(call) || isFresh) link.begin();
    timers = [
      setInterval(beat, HEARTBEAT_SECONDS * 1000),
      setInterval(reportQuality, QUALITY_SECONDS * 1000),
    ];
  }

  function mediaChanged(connectionState) {
    change({ isPoor: connectionState === "disconnected" || connectionState === "failed" });
    if (connectionState === "connected") reportMedia();
  }

  async function reportMedia() {
    const { call } = await ask("media", { connected: true }).catch(() => ({}));
    if (call) stateChanged(call);
  }

  function beat() {
    if (!socket.ready) return;
    ask("heartbeat").catch((error) => error.isConnectionLost || look());
  }

  async function reportQuality() {
    const found = await link?.statistics();
    if (!found || !state.call) return;
    const before = counted || { received: 0, lost: 0 };
    counted = found;
    const lost = Math.max(0, found.lost - before.lost);
    const all = found.received - before.received + lost;
    if (found.rtt === null) return;
    const report = {
      rtt_ms: Math.round(found.rtt * 1000),
      jitter_ms: Math.round(found.jitter * 1000),
      loss_percent: all > 0 ? Math.round((lost / all) * 1000) / 10 : 0,
      resolution: found.width ? `${found.width}x${found.height}` : "",
    };
    const { grade } = await api.post(`calls/${state.call.call.id}/quality`, report).catch(() => ({}));
    if (grade && state.call) change({ grade });
  }

  /** Signals reach the server in order, also over a break of the socket. */
  function signal(kind, payload) {
    outgoing.push({ kind, payload, isSent: false });
    flush();
  }

  function flush() {
    if (!socket.ready) return;
    for (const one of outgoing.filter((item) => !item.isSent)) {
      one.isSent = true;
      ask("signal", { kind: one.kind, payload: one.payload }).then(
        () => (outgoing = outgoing.filter((item) => item !== one)),
        (error) => {
          if (error.isConnectionLost) one.isSent = false;
          else outgoing = outgoing.filter((item) => item !== one);
        },
      );
    }
  }

  // Coming back

  /** The socket is there again: be in the call with it, and hear what was missed. */
  async function online() {
    const item = state.call;
    if (!item?.call.id || item.phase === "incoming") return;
    try {
      const { call } = await ask("join");
      stateChanged(call);
      flush();
      link?.restart();
    } catch (error) {
      if (!error.isConnectionLost) look();
    }
  }

  /** How it stands, where an answer was a surprise. */
  async function look() {
    const item = state.call;
    if (!item?.call.id) return;
    const call = await api.get(`calls/${item.call.id}`).catch(() => null);
    if (!call || state.call?.call.id !== call.id) return;
    if (!LIVE.includes(call.status)) over(call, call.end_reason);
    else if (call.status !== "ringing" && !mine(call)) elsewhere(call.id);
  }

  /** After the page was loaded: a call that this device is in goes on. */
  async function readState() {
    const { results } = await api.get("calls?limit=1");
    const [call] = results;
    if (state.call) {
      await look();
      return;
    }
    set({ elsewhere: call && isElsewhere(call) ? { call, peer: call.peer } : null });
    if (!call || !LIVE.includes(call.status)) return;
    const isIncoming = call.status === "ringing" && !isCaller(call);
    if (isIncoming) set({ call: newItem(call, call.peer, "incoming") });
    else if (mine(call)) await resume(call);
  }

  /** Go on here with the call that is on another device. */
  async function takeOver() {
    if (!state.elsewhere || state.call) return;
    const { call, peer } = state.elsewhere;
    set({ elsewhere: null });
    await resume({ ...call, peer }, async () => stateChanged((await ask("join")).call));
  }

  async function resume(call, join = () => {}) {
    const item = newItem(call, call.peer, call.status === "ringing" ? "outgoing" : "connecting");
    if (call.status === "active") Object.assign(item, { phase: "active", since: Date.parse(call.connected_at), credits: call.credits });
    set({ call: item });
    try {
      const stream = await openMedia(call.media);
      if (state.call?.call.id !== call.id) return stop(stream);
      change({ stream });
      await join();
      if (state.call && state.call.call.status !== "ringing") connect(true);
    } catch (error) {
      onRefused(error);
      if (mine(call)) await hangUp();
      else {
        put(null);
        await elsewhere(call.id);
      }
    }
    return undefined;
  }

  // The state

  function change(values) {
    if (state.call) set({ call: Object.assign(state.call, values) });
  }

  function put(call) {
    link?.close();
    timers.forEach(clearInterval);
    stop(state.call?.stream);
    [link, outgoing, timers, counted] = [null, [], [], null];
    set({ call });
  }

  return { answer, applyEvent, hangUp, online, readState, reset: () => put(null), start, takeOver, toggle };
}

function newItem(call, peer, phase) {
  return {
    call, peer, phase, // incoming, outgoing, connecting, active
    stream: null, remote: null, since: null, credits: 0, minutes: new Set(), lowUntil: null,
    muted: false, cameraOff: false, isPoor: false, grade: null,
  };
}

/** Microphone, and camera for video; a video call without a camera is heard at least. */
async function openMedia(media) {
  const wanted = { audio: { echoCancellation: true, noiseSuppression: true } };
  if (!navigator.mediaDevices) throw mediaError("Calls need a secure connection (https).");
  try {
    return await navigator.mediaDevices.getUserMedia({ ...wanted, video: media === "video" && { width: { ideal: 1280 }, height: { ideal: 720 } } });
  } catch (error) {
    if (media === "video" && error.name === "NotFoundError") return openMedia("audio");
    if (error.name === "NotAllowedError") throw mediaError("Pairly may not use the microphone or camera. Allow it in the browser, then try again.");
    throw mediaError("No microphone was found, or another program uses it.");
  }
}

function mediaError(text) {
  return Object.assign(new Error(text), { code: "no_media" });
}

function stop(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}
