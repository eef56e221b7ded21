/**
 * The service worker: shows pushes, opens what they are about, and says that they arrived and that they were opened.
 * It caches nothing.
 */

const PAGE = "/";
const RECEIPTS = "/api/v1/notifications/receipts/";
const ICON = new URL("../img/pairly.svg", self.location).pathname;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => {
  const told = read(event.data);
  event.waitUntil(Promise.all([show(told), say("delivered", told.receipt)]));
});
self.addEventListener("notificationclick", (event) => {
  const { data } = event.notification;
  event.notification.close();
  event.waitUntil(Promise.all([open(placeOf(data)), say("opened", data?.receipt)]));
});

/** A window in front shows it by itself; a ring is shown in any case. */
async function show(told) {
  if (told.badge !== undefined) await navigator.setAppBadge?.(told.badge).catch(() => {});
  if (!told.ring && (await windows()).some((one) => one.visibilityState === "visible" && one.focused)) return;
  await self.registration.showNotification(told.title, {
    body: told.body,
    tag: told.tag,
    renotify: true,
    icon: ICON,
    requireInteraction: told.ring === true,
    data: { kind: told.kind, ...told.data, receipt: told.receipt },
  });
}

/** The push's own token says whose it is: a worker has no sign-in. Nobody waits for it. */
async function say(event, receipt) {
  if (!receipt) return;
  const body = JSON.stringify({ event });
  const headers = { "Content-Type": "application/json" };
  await fetch(RECEIPTS + receipt, { method: "POST", headers, body, credentials: "omit", keepalive: true }).catch(() => {});
}

/** A browser that is pushed something has to show something. */
function read(data) {
  try {
    return { title: "Pairly", body: "", tag: "pairly", ...data.json() };
  } catch {
    return { title: "Pairly", body: "There is something new.", tag: "pairly", data: {} };
  }
}

function placeOf(data) {
  if (data?.conversation_id) return `#/chats/${data.conversation_id}`;
  return data?.call_id ? "#/calls" : "#/notifications";
}

async function open(place) {
  const [first] = await windows();
  if (!first) return self.clients.openWindow(PAGE + place);
  first.postMessage({ open: place });
  return first.focus();
}

async function windows() {
  const all = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  return all.filter((one) => new URL(one.url).pathname === PAGE);
}
