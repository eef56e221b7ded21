/**
 * Media between the two devices of a call: one RTCPeerConnection, kept going. No DOM, no imports.
 *
 * The caller makes the first offer; later either may (perfect negotiation, the callee is polite).
 * A `session` names one pair of connections, so that what was said about an older pair does no harm:
 * a device that takes a call over, or a page that was loaded again, begins a new one.
 */

const SETTLE_SECONDS = 3;
const STATISTICS = ["inbound-rtp", "candidate-pair", "remote-inbound-rtp"];

/** `signal(kind, payload)` reaches the other device some time, in order; `getIceServers()` answers
 * as `GET calls/{id}/ice-servers`; `onRemote(stream)`, `onState(connectionState)` tell. */
export function createLink({ isCaller, stream, signal, getIceServers, onRemote, onState, newSession }) {
  let connection = null;
  let session = null;
  let makingOffer = false;
  let ignoredOffer = false;
  let early = []; // candidates that came before their description
  let timers = {};
  let work = Promise.resolve();
  let closed = false;
  const applied = new Set();

  /** One after the other; a failure of one does not stop the next. */
  function inOrder(step) {
    work = work.then(() => (closed ? null : step())).catch((error) => closed || console.warn("call media", error.name));
    return work;
  }

  /** The caller offers; the callee of a page that knows nothing yet asks for that. */
  function begin() {
    return inOrder(beginAnew);
  }

  async function beginAnew() {
    if (isCaller) await connect(newSession()).then(addTracks);
    else signal("restart", { fresh: true });
  }

  async function connect(name) {
    drop();
    session = name;
    const found = await getIceServers();
    if (closed) return;
    const fresh = new RTCPeerConnection(configurationOf(found));
    connection = fresh;
    fresh.onicecandidate = ({ candidate }) =>
      candidate && fresh === connection && signal("candidate", { session, candidate: candidate.toJSON() });
    fresh.ontrack = ({ streams }) => onRemote(streams[0]);
    fresh.onnegotiationneeded = () => inOrder(() => offer(fresh));
    fresh.onconnectionstatechange = () => fresh === connection && stateChanged();
  }

  function addTracks() {
    if (closed) return;
    for (const track of stream.getTracks()) connection.addTrack(track, stream);
  }

  function configurationOf(found) {
    clearTimeout(timers.renew);
    timers.renew = setTimeout(renew, found.renew_in_seconds * 1000);
    return { iceServers: found.ice_servers, iceTransportPolicy: found.ice_transport_policy };
  }

  /** Fresh credentials, for when a path has to be found anew. */
  async function renew() {
    try {
      const found = await getIceServers();
      if (!closed) connection?.setConfiguration(configurationOf(found));
    } catch {
      if (!closed) timers.renew = setTimeout(renew, SETTLE_SECONDS * 1000); // out of reach for now
    }
  }

  async function offer(of) {
    if (of !== connection || of.signalingState !== "stable") return;
    try {
      makingOffer = true;
      await of.setLocalDescription();
    } finally {
      makingOffer = false;
    }
    describe();
  }

  function describe() {
    const { type, sdp } = connection.localDescription;
    signal(type, { session, type, sdp });
  }

  /** A signal of the other side; again is no harm. */
  function take({ number, kind, payload }) {
    if (applied.has(number)) return;
    applied.add(number);
    inOrder(() => apply(kind, payload || {}));
  }

  async function apply(kind, payload) {
    if (kind === "restart") {
      if (isCaller) await beginAnew();
    } else if (kind === "candidate") await addCandidate(payload);
    else if (kind === "offer") await offered(payload);
    else if (payload.session === session && connection.signalingState === "have-local-offer") {
      await connection.setRemoteDescription({ type: "answer", sdp: payload.sdp });
      await addEarly();
    }
  }

  async function offered(payload) {
    const isNew = payload.session !== session;
    if (isNew && isCaller) return; // about a pair that is no more
    if (isNew) await connect(payload.session);
    ignoredOffer = isCaller && (makingOffer || connection.signalingState !== "stable");
    if (ignoredOffer) return;
    await connection.setRemoteDescription({ type: "offer", sdp: payload.sdp });
    if (isNew) addTracks();
    await connection.setLocalDescription();
    describe();
    await addEarly();
  }

  async function addCandidate(payload) {
    if (payload.session !== session || !connection?.remoteDescription) {
      early.push(payload);
      return;
    }
    try {
      await connection.addIceCandidate(payload.candidate);
    } catch (error) {
      if (!ignoredOffer) throw error;
    }
  }

  async function addEarly() {
    const waiting = early.filter((one) => one.session === session);
    early = [];
    for (const one of waiting) await addCandidate(one);
  }

  function stateChanged() {
    const { connectionState } = connection;
    clearTimeout(timers.settle);
    if (connectionState === "failed") restart();
    if (connectionState === "disconnected") timers.settle = setTimeout(restart, SETTLE_SECONDS * 1000);
    onState(connectionState);
  }

  /** Find a new path: after a change of network, or a silence. */
  function restart() {
    return inOrder(findPath);
  }

  async function findPath() {
    if (connection?.connectionState === "connected") return;
    if (!connection) {
      await beginAnew(); // the first one was out of reach
      return;
    }
    await renew();
    if (closed) return;
    if (connection.signalingState === "have-local-offer") describe(); // it may have got lost
    else connection.restartIce();
  }

  /** Numbers for a report of quality; null before there are any. */
  async function statistics() {
    if (connection?.connectionState !== "connected") return null;
    const found = [...(await connection.getStats()).values()].filter((one) => STATISTICS.includes(one.type));
    const pair = found.find((one) => one.type === "candidate-pair" && one.nominated && one.currentRoundTripTime !== undefined);
    const inbound = found.filter((one) => one.type === "inbound-rtp");
    const sum = (name) => inbound.reduce((total, one) => total + (one[name] || 0), 0);
    const picture = inbound.find((one) => one.kind === "video" && one.frameWidth);
    return {
      rtt: pair?.currentRoundTripTime ?? null,
      jitter: Math.max(0, ...inbound.map((one) => one.jitter || 0)),
      received: sum("packetsReceived"),
      lost: sum("packetsLost"),
      width: picture?.frameWidth ?? null,
      height: picture?.frameHeight ?? null,
    };
  }

  function drop() {
    Object.values(timers).forEach(clearTimeout);
    timers = {};
    const old = connection;
    connection = null;
    old?.close();
  }

  return {
    begin,
    restart,
    statistics,
    take,
    close() {
      closed = true;
      drop();
    },
  };
}
