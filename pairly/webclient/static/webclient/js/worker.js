/** The service worker: shows pushes, and opens what they are about. It caches nothing. */

const PAGE = "/";
const ICON = new URL("../img/pairly.svg", self.location).pathname;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => event.waitUntil(show(event.data)));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(placeOf(event.notification.data)));
});

/** A window in front shows it by itself; a ring is shown in any case. */
async function show(data) {
  const told = read(data);
  if (told.badge !== undefined) await navigator.setAppBadge?.(told.badge).catch(() => {});
  if (!told.ring && (await windows()).some((one) => one.visibilityState === "visible" && one.focused)) return;
  await self.registration.showNotification(told.title, {
    body: told.body,
    tag: told.tag,
    renotify: true,
    icon: ICON,
    requireInteraction: told.ring === true,
    data: { kind: told.kind, ...told.data },
  });
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
