/**
 * Pairly's socket protocol for a browser: one socket, kept open, missing nothing.
 *
 * No DOM in here, nothing of the rest of the client, and no dependency: copy this file to write a
 * client of your own. `docs/web-client.md` explains it, `/api/docs/realtime` lists the frames.
 *
 *     const socket = new PairlySocket({
 *       url: "wss://host/ws/",
 *       getTicket: async () => (await post("/api/v1/auth/socket-ticket")).ticket,
 *       readState: async () => { ... },        // read everything afresh over REST
 *       onEvent: ({ type, data, position }) => { ... },   // in order, each position once
 *       onStatus: ({ status, code, retryAt }) => { ... },
 *     });
 *     socket.open();
 *     const ack = await socket.command("message.send", { ... });
 */

/** Close codes of the server. `final`: do not come back by yourself. */
export const CLOSE_CODES = Object.freeze({
  4012: { meaning: "The server restarts.", final: false, delaySecondsMin: 0.2 },
  4400: { meaning: "The server could not understand this client.", final: false, delaySecondsMin: 5 },
  4401: { meaning: "Signed out.", final: true },
  4403: { meaning: "This account may not act.", final: true },
  4408: { meaning: "Silent for too long.", final: false, delaySecondsMin: 0 },
  4409: { meaning: "Too many windows or devices.", final: false, delaySecondsMin: 15 },
  4413: { meaning: "A frame was too large.", final: false, delaySecondsMin: 1 },
  4429: { meaning: "Too fast.", final: false, delaySecondsMin: 5 },
});

/** What `status` in `onStatus` may be. */
export const STATUS = Object.freeze({
  CONNECTING: "connecting", // a handshake is under way
  CATCHING_UP: "catching_up", // open; state is being read or missed events are coming
  ONLINE: "online", // everything up to now has been applied
  WAITING: "waiting", // no connection; the next attempt is at `retryAt`
  ENDED: "ended", // closed for good, by `close()` or by a final `code`
});

const ANSWER_SECONDS_MAX = 15;
const HANDSHAKE_SECONDS_MAX = 15;
const POKE_SECONDS_MAX = 5;
const DELAY_SECONDS_FIRST = 0.5;
const DELAY_SECONDS_MAX = 20;
const SYNC_ROUNDS_MAX = 5;
const CONNECTION_LOST = "connection_lost";

/** An error frame, or a command that got no answer (`code` is then `connection_lost`: the command
 * may or may not have happened; send it again with the same `client_id`). */
export class CommandError extends Error {
  constructor({ code, title, detail, trace_id: traceId, errors, retry_after_seconds: retry }) {
    super(detail || title || code);
    this.name = "CommandError";
    this.code = code;
    this.title = title || "";
    this.traceId = traceId || "";
    this.errors = errors || [];
    this.retryAfterSeconds = retry ?? null;
  }

  get isConnectionLost() {
    return this.code === CONNECTION_LOST;
  }
}

/** How long to wait before the next attempt: exponential, with jitter so that the clients of a
 * server that restarts do not all come back in the same moment. */
export function delaySeconds(attempt, random, secondsMin = 0) {
  const most = Math.min(DELAY_SECONDS_MAX, DELAY_SECONDS_FIRST * 2 ** Math.min(attempt, 10));
  return secondsMin + most * (0.5 + random() / 2);
}

/**
 * Where this client stands in its user's events, and which of them come next.
 *
 * `take` hands on each position once and in order: it ignores what is at or below the position
 * held, and stops at a gap. While `hold` is on, frames wait (state is being read).
 */
export class Cursor {
  constructor(apply) {
    this.position = null;
    this._apply = apply;
    this._waiting = [];
    this._held = false;
  }

  /** Keep frames back until `release`. */
  hold() {
    this._held = true;
  }

  release() {
    this._held = false;
  }

  /** State up to here was read in another way. */
  moveTo(position) {
    this.position = position;
  }

  /** Take a frame; false when positions before it are missing (ask with `sync`, then `drain`). */
  take(frame) {
    if (frame.position === undefined) {
      if (!this._held) this._apply(frame);
      return true; // what carries no position is not kept, and may be lost
    }
    this._waiting.push(frame);
    return this._held || this.drain();
  }

  /** Apply what has become due; false when there still is a gap. */
  drain() {
    this._waiting.sort((a, b) => a.position - b.position);
    while (this._waiting.length) {
      const next = this._waiting[0];
      if (next.position > this.position + 1) return false;
      this._waiting.shift();
      if (next.position <= this.position) continue;
      this.position = next.position;
      this._apply(next);
    }
    return true;
  }

  /** Forget frames that wait; they will be read again. */
  clear() {
    this._waiting = [];
  }
}

/** See the top of the file. Options beside those: `WebSocket`, `random`, `isActive` (whether the
 * person is at the window, told with each heartbeat). */
export class PairlySocket {
  constructor({ url, getTicket, readState, onEvent, onStatus, isActive, WebSocket, random }) {
    this._url = url;
    this._getTicket = getTicket;
    this._readState = readState;
    this._onStatus = onStatus;
    this._isActive = isActive || (() => true);
    this._WebSocket = WebSocket || globalThis.WebSocket;
    this._random = random || Math.random;
    this._cursor = new Cursor((frame) => frame.type !== "ack" && onEvent(frame));
    this._commands = new Map();
    this._number = 0;
    this._attempt = 0;
    this._refusedTickets = 0;
    this._socket = null;
    this._current = null;
    this._catching = null;
    this._timers = {};
    this._ready = null;
    this._status = STATUS.ENDED;
  }

  /** The `ready` frame's data of the open connection, or null. */
  get ready() {
    return this._ready;
  }

  open() {
    if (this._status !== STATUS.ENDED) return;
    this._attempt = 0;
    this._connect();
  }

  /** Close for good. Safe to call twice. */
  close() {
    this._end(null);
  }

  /** Something hints that the network changed: look at once, rather than at the next timer. */
  poke() {
    if (this._status === STATUS.WAITING) {
      this._attempt = 0;
      this._connect();
    } else if (this._ready) {
      this._heartbeat(POKE_SECONDS_MAX);
    }
  }

  /** Send a command; its ack's data. Rejects with `CommandError`. */
  command(type, data = {}, secondsMax = ANSWER_SECONDS_MAX) {
    if (!this._ready) return Promise.reject(lost());
    const id = `c${++this._number}`;
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => this._drop(), secondsMax * 1000);
      this._commands.set(id, { resolve, reject, timer });
    });
    this._socket.send(JSON.stringify({ type, id, data }));
    return answer;
  }

  // Opening and closing

  async _connect() {
    this._tell(STATUS.CONNECTING);
    clearTimeout(this._timers.retry);
    const attempt = (this._current = {});
    let ticket;
    try {
      ticket = await this._getTicket();
    } catch (error) {
      if (attempt === this._current) this._ticketRefused(error);
      return;
    }
    if (attempt !== this._current) return; // closed meanwhile
    const socket = new this._WebSocket(`${this._url}?ticket=${encodeURIComponent(ticket)}`);
    this._socket = socket;
    this._timers.handshake = setTimeout(() => this._drop(), HANDSHAKE_SECONDS_MAX * 1000);
    socket.onmessage = (message) => this._socket === socket && this._receive(message.data);
    socket.onclose = (event) => this._socket === socket && this._closed(event.code);
  }

  /** `error.status` is the HTTP status, absent when there was no answer at all. */
  _ticketRefused(error) {
    if (error.status === 401) this._end(4401);
    else if (error.status === 403) this._end(4403);
    else this._retry(null, error.retryAfterSeconds || 0);
  }

  /** The connection is of no use any more; browsers may take long to notice that. */
  _drop() {
    const socket = this._socket;
    if (!socket) return;
    socket.onclose = socket.onmessage = null;
    socket.close();
    this._closed(1006);
  }

  _closed(code) {
    const wasReady = this._ready !== null;
    this._forgetConnection();
    const rule = CLOSE_CODES[code];
    // A ticket lives 30 seconds and a laptop may sleep in between, so one more is asked for;
    // where the sign-in itself has ended, asking says so.
    if (code === 4401 && !wasReady && this._refusedTickets++ === 0) this._retry(code, 0);
    else if (rule && rule.final) this._end(code);
    else this._retry(code, rule ? rule.delaySecondsMin : 0);
  }

  _retry(code, secondsMin) {
    const seconds = delaySeconds(this._attempt++, this._random, secondsMin);
    this._timers.retry = setTimeout(() => this._connect(), seconds * 1000);
    this._tell(STATUS.WAITING, { code, retryAt: Date.now() + seconds * 1000 });
  }

  _end(code) {
    this._current = null;
    const socket = this._socket;
    if (socket) {
      socket.onclose = socket.onmessage = null;
      socket.close();
    }
    this._forgetConnection();
    clearTimeout(this._timers.retry);
    if (code !== null || this._status !== STATUS.ENDED) this._tell(STATUS.ENDED, { code });
  }

  _forgetConnection() {
    this._socket = null;
    this._ready = null;
    this._catching = null;
    clearTimeout(this._timers.handshake);
    clearInterval(this._timers.heartbeat);
    this._cursor.clear();
    const commands = [...this._commands.values()];
    this._commands.clear();
    for (const { reject, timer } of commands) {
      clearTimeout(timer);
      reject(lost());
    }
  }

  _tell(status, more = {}) {
    this._status = status;
    this._onStatus({ status, code: null, retryAt: null, ...more });
  }

  // Frames

  _receive(text) {
    const frame = JSON.parse(text);
    if (frame.type === "ready") this._isReady(frame.data);
    else if (frame.type === "ack") this._acked(frame);
    else if (frame.type === "error") this._refused(frame);
    else this._take(frame);
  }

  _isReady(data) {
    clearTimeout(this._timers.handshake);
    this._ready = data;
    this._refusedTickets = 0;
    this._timers.heartbeat = setInterval(() => this._heartbeat(), data.heartbeat_seconds * 1000);
    this._catchUp(data.position);
  }

  /** An ack that took a position stands for the event that this socket does not get. */
  _acked(frame) {
    if (frame.position !== undefined) this._take(frame);
    const command = this._answered(frame.id);
    if (command) command.resolve(frame.data);
  }

  _refused(frame) {
    const command = this._answered(frame.id);
    if (command) command.reject(new CommandError(frame.error));
  }

  _answered(id) {
    const command = this._commands.get(id);
    if (command) {
      clearTimeout(command.timer);
      this._commands.delete(id);
    }
    return command;
  }

  _take(frame) {
    if (!this._cursor.take(frame)) this._catchUp(frame.position);
  }

  /** Tells the server that somebody is here, and learns whether a push was lost. */
  async _heartbeat(secondsMax = ANSWER_SECONDS_MAX) {
    try {
      const data = { active: this._isActive() };
      const { position } = await this.command("presence.heartbeat", data, secondsMax);
      if (position > this._cursor.position) this._catchUp(position);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error; // the close that follows is dealt with
    }
  }

  // Catching up

  /** Get from the position held to the newest one, whatever that takes; one at a time. */
  async _catchUp(newest) {
    if (this._catching) return;
    const catching = (this._catching = {});
    const stale = () => this._catching !== catching;
    this._cursor.hold();
    this._tell(STATUS.CATCHING_UP);
    try {
      const known = this._cursor.position;
      if (known === null || newest < known) await this._readAfresh(newest);
      else if (newest > known) await this._sync(stale);
      for (let rounds = 0; !stale(); rounds++) {
        this._cursor.release();
        if (this._cursor.drain()) break;
        if (rounds === SYNC_ROUNDS_MAX) throw lost(); // begin again rather than ask for ever
        this._cursor.hold();
        await this._sync(stale);
      }
    } catch (error) {
      if (!stale()) this._catchUpFailed(error);
      return;
    }
    if (stale()) return;
    this._catching = null;
    this._attempt = 0;
    this._tell(STATUS.ONLINE);
  }

  /** Read state over REST. What happens meanwhile waits and is applied on top. */
  async _readAfresh(position) {
    this._cursor.moveTo(position);
    try {
      await this._readState();
    } catch (error) {
      this._cursor.moveTo(null); // not read: the next connection starts from nothing again
      throw error;
    }
  }

  async _sync(stale) {
    for (;;) {
      const since = this._cursor.position;
      const answer = await this.command("sync", { since });
      if (stale()) return;
      if (answer.resync) return this._readAfresh(answer.position);
      answer.events.forEach((frame) => this._cursor.take(frame));
      this._cursor.drain();
      if (answer.position === since) return;
      if (this._cursor.position < answer.position) this._cursor.moveTo(answer.position);
    }
  }

  _catchUpFailed(error) {
    const expected = error instanceof CommandError || error.status !== undefined;
    if (!expected && globalThis.reportError) globalThis.reportError(error);
    if (error.status === 401 || error.status === 403) this._end(error.status === 401 ? 4401 : 4403);
    else this._drop();
  }
}

function lost() {
  return new CommandError({ code: CONNECTION_LOST, detail: "The connection was lost." });
}
