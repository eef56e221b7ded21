/** Web Push: the worker that shows notifications when the page is closed. No DOM. */

const WANTED = "pairly.push";
const WORKER = new URL("./worker.js", import.meta.url).pathname;

class PushFailed extends Error {
  name = "PushFailed";
}

export function createPush({ api }) {
  /** A sentence why it cannot be had here; null if it can. */
  function whyNot() {
    if (!("serviceWorker" in navigator) || !("PushManager" in window)) return "This browser cannot do it.";
    if (Notification.permission === "denied") return "This browser does not allow it to this site.";
    return null;
  }

  const found = () => navigator.serviceWorker.getRegistration(WORKER);

  async function isOn() {
    if (localStorage.getItem(WANTED) !== "on") return false;
    const registration = await found();
    return Boolean(await registration?.pushManager.getSubscription());
  }

  async function turnOn() {
    if ((await Notification.requestPermission()) !== "granted") {
      throw new PushFailed("Without your permission the browser shows nothing.");
    }
    const registration = await register();
    await tell(await subscribe(registration));
    localStorage.setItem(WANTED, "on");
  }

  async function turnOff() {
    localStorage.removeItem(WANTED);
    const registration = await found();
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
    const { results } = await api.get("notifications/devices");
    const here = results.filter((one) => one.current && one.provider === "web_push");
    await Promise.all(here.map((one) => api.delete(`notifications/devices/${one.id}`)));
  }

  /** At each start: the address may have changed or be lost, and somebody else may have signed in. */
  async function refresh() {
    if (whyNot() || Notification.permission !== "granted" || localStorage.getItem(WANTED) !== "on") return;
    await tell(await subscribe(await register()));
  }

  async function register() {
    await navigator.serviceWorker.register(trusted(WORKER));
    const registration = await found();
    await active(registration);
    return registration;
  }

  /** A subscription under another key of the server is of no use any more. */
  async function subscribe(registration) {
    const { push_keys: keys } = await api.get("config");
    const key = keys.find((one) => one.provider === "web_push")?.public_key;
    if (!key) throw new PushFailed("This server sends no pushes to browsers.");
    const known = await registration.pushManager.getSubscription();
    if (known && textOf(known.options.applicationServerKey) === key) return known;
    await known?.unsubscribe();
    try {
      return await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    } catch {
      throw new PushFailed("The browser's push service cannot be reached.");
    }
  }

  function tell(subscription) {
    const { endpoint, keys } = subscription.toJSON();
    const { p256dh, auth } = keys;
    return api.post("notifications/devices", { provider: "web_push", token: endpoint, keys: { p256dh, auth } });
  }

  return { isOn, refresh, turnOff, turnOn, whyNot };
}

/** The page's policy takes scripts of workers from one hand alone: this one, for this one file. */
const policy = window.trustedTypes?.createPolicy("pairly-worker", {
  createScriptURL: (path) => {
    if (path !== WORKER) throw new TypeError(`${path} is not our worker`);
    return path;
  },
});
const trusted = (path) => (policy ? policy.createScriptURL(path) : path);

function active(registration) {
  const worker = registration.installing || registration.waiting;
  if (registration.active || !worker) return Promise.resolve();
  return new Promise((resolve) => {
    worker.addEventListener("statechange", () => worker.state === "activated" && resolve());
  });
}

function textOf(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
