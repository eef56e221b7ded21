/** What one was told: the list, how many are unread, and how one wants to be told. No DOM. */
import { changed, set, state } from "./store.js";

const PAGE_ROWS = 30;

/** `onTold(notification)`: something new has arrived. */
export function createNotifications({ api, onTold }) {
  async function readState() {
    const [page, { count }] = await Promise.all([
      api.get(`notifications?limit=${PAGE_ROWS}`),
      api.get("notifications/unread-count"),
    ]);
    set({ notifications: page.results, moreNotifications: page.next, unreadNotifications: count });
  }

  async function more() {
    const page = await api.get(state.moreNotifications);
    const known = new Set(state.notifications.map((one) => one.id));
    const older = page.results.filter((one) => !known.has(one.id));
    set({ notifications: [...state.notifications, ...older], moreNotifications: page.next });
  }

  /** A newer one may take the place of an unread one. Applied twice it changes nothing. */
  function arrived({ notification, unread, replaces_id: replacesId }) {
    const others = state.notifications.filter((one) => one.id !== replacesId && one.id !== notification.id);
    set({ notifications: [notification, ...others], unreadNotifications: unread });
    onTold(notification);
  }

  function readOrDeleted({ count, at, read_ids: readIds, deleted_ids: deletedIds, read_up_to: upTo }) {
    const isRead = (one) => readIds.includes(one.id) || (upTo !== null && one.id <= upTo);
    const left = state.notifications.filter((one) => !deletedIds.includes(one.id));
    const notifications = left.map((one) => (!one.read_at && isRead(one) ? { ...one, read_at: at } : one));
    set({ notifications, unreadNotifications: count });
  }

  /** The server tells other devices; this one marks what it asked for by itself. */
  async function read(id) {
    const one = state.notifications.find((other) => other.id === id);
    if (!one || one.read_at) return;
    one.read_at = new Date().toISOString();
    changed("notifications");
    const { count } = await api.post(`notifications/${id}/read`);
    set({ unreadNotifications: count });
  }

  async function readAll() {
    const { count } = await api.post("notifications/read-all");
    const at = new Date().toISOString();
    const notifications = state.notifications.map((one) => (one.read_at ? one : { ...one, read_at: at }));
    set({ notifications, unreadNotifications: count });
  }

  async function remove(id) {
    await api.delete(`notifications/${id}`);
    const gone = state.notifications.find((one) => one.id === id);
    set({ notifications: state.notifications.filter((one) => one.id !== id) });
    if (gone && !gone.read_at) set({ unreadNotifications: Math.max(0, state.unreadNotifications - 1) });
  }

  /** Who looks at a conversation has read what tells of it. */
  function readAbout(conversationId) {
    const about = state.notifications.filter((one) => !one.read_at && one.data.conversation_id === conversationId);
    return Promise.all(about.map((one) => read(one.id)));
  }

  const handlers = { "notification.new": arrived, "notification.unread": readOrDeleted };

  return {
    applyEvent: ({ type, data }) => handlers[type]?.(data),
    choose: (change) => api.put("notifications/preferences", change),
    chosen: () => api.get("notifications/preferences"),
    more, read, readAbout, readAll, readState, remove,
  };
}
