/** Where one is: `#/chats`, `#/chats/<id>`, `#/people`, `#/calls`, `#/notifications`. So the browser's own back button works. */

const ROUTE = /^#\/(chats|people|calls|notifications)(?:\/([0-9a-f-]{36}))?$/;

export function route() {
  const found = ROUTE.exec(location.hash);
  return found ? { page: found[1], id: found[2] || null } : { page: "chats", id: null };
}

export function go(page, id = null) {
  location.hash = id ? `#/${page}/${id}` : `#/${page}`;
}

/** Take an address that leads nowhere out of the history. */
export function replace(page) {
  history.replaceState(null, "", `#/${page}`);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

export function onRoute(listener) {
  window.addEventListener("hashchange", () => listener(route()));
}
