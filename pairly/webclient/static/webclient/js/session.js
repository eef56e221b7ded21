/** What one window keeps over a reload: its token and its unsent messages. Another window may be
 * signed in as somebody else. */

const TOKEN = "pairly.token";
const UNSENT = "pairly.unsent";

export const session = {
  get token() {
    return sessionStorage.getItem(TOKEN);
  },
  start(token) {
    sessionStorage.setItem(TOKEN, token);
  },
  end() {
    sessionStorage.removeItem(TOKEN);
    sessionStorage.removeItem(UNSENT);
  },
  get unsent() {
    return JSON.parse(sessionStorage.getItem(UNSENT) || "[]");
  },
  set unsent(items) {
    sessionStorage.setItem(UNSENT, JSON.stringify(items));
  },
};

/** A UUID; `crypto.randomUUID` exists on secure origins only, which a machine in the local network
 * is not. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
