/** Files in messages: sending them up, and showing them. Contents are read with the token and kept
 * in memory, so an element gets its source only after a request of ours. */
import { $, h, icon } from "./dom.js";
import { sizeOf } from "./format.js";
import { changed, state } from "./store.js";
import { toastError } from "./toasts.js";
import { dialog } from "./widgets.js";

const UPLOAD_SECONDS_MAX = 300;
const WORDS = { image: "Photo", audio: "Audio", video: "Video", file: "File" };
const ICONS = { image: "i-image", audio: "i-audio", video: "i-play", file: "i-file" };

const contents = new Map(); // attachment id -> promise of an object URL
let api = null;
let lightbox = null;

export function useApi(client) {
  api = client;
  lightbox = dialog("lightbox");
  lightbox.element.addEventListener("close", () => $("lightbox-image").removeAttribute("src"));
}

/** Forget what the one who signed out could see. */
export function forgetAttachments() {
  contents.forEach((content) => content.then(URL.revokeObjectURL, () => {}));
  contents.clear();
}

/** A message in one line: its text, or what it carries. */
export function summaryOf(message) {
  if (message.deleted_at) return "Message deleted";
  if (message.text) return message.text;
  const count = message.attachments.length;
  const word = WORDS[message.kind] || "Message";
  return count > 1 ? `${count} ${word.toLowerCase()}${word.endsWith("o") ? "s" : " files"}` : word;
}

export function summaryIcon(message) {
  const name = message.deleted_at ? null : ICONS[message.kind];
  return name ? icon(name, { className: "icon kind" }) : null;
}

/** What was picked and is on its way up, below the text that is being written. */
export function createTray() {
  let items = []; // {file, status: "uploading" | "ready" | "failed", attachment, error, url}

  function add(files) {
    const room = state.limits.message_attachments_max - items.length;
    const added = [...files].slice(0, Math.max(0, room)).map((file) => ({
      file,
      status: "uploading",
      attachment: null,
      error: null,
      url: file.type.startsWith("image/") ? URL.createObjectURL(file) : null,
    }));
    items = [...items, ...added];
    added.forEach(upload);
    changed("tray");
  }

  async function upload(item) {
    const body = new FormData();
    body.append("file", item.file);
    try {
      item.attachment = await api.upload("attachments", body, { method: "POST", secondsMax: UPLOAD_SECONDS_MAX });
      item.status = "ready";
    } catch (error) {
      if (error.code === undefined) throw error;
      Object.assign(item, { status: "failed", error: error.message });
    }
    changed("tray");
  }

  function remove(item) {
    if (item.url) URL.revokeObjectURL(item.url);
    items = items.filter((one) => one !== item);
    changed("tray");
  }

  /** What is up, in groups of one kind, since a message is of one kind. The tray is empty then. */
  function take() {
    const ready = items.filter((item) => item.attachment).map((item) => item.attachment);
    clear();
    const groups = new Map();
    for (const one of ready) groups.set(one.kind, [...(groups.get(one.kind) || []), one]);
    return [...groups].map(([kind, attachments]) => ({ kind, attachments }));
  }

  function clear() {
    [...items].forEach(remove);
  }

  function draw() {
    $("tray").replaceChildren(...items.map((item) => trayItem(item, () => remove(item))));
    $("tray").hidden = items.length === 0;
  }

  return {
    add, clear, draw, take,
    get isEmpty() {
      return items.length === 0;
    },
    get isReady() {
      return items.every((item) => item.status === "ready");
    },
    /** One price for each message that will come of it. */
    get kinds() {
      return [...new Set(items.map((item) => item.attachment?.kind).filter(Boolean))];
    },
  };
}

function trayItem(item, remove) {
  const look = item.url ? h("img", { src: item.url, alt: "" }) : icon("i-file");
  const about = { uploading: "Uploading…", ready: sizeOf(item.file.size), failed: item.error }[item.status];
  return h("li", { class: `tray-item ${item.status}` },
    h("span", { class: "tray-look" }, look),
    h("span", { class: "tray-text" }, h("b", {}, item.file.name), h("small", { role: "status" }, about)),
    item.status === "uploading" ? h("span", { class: "spinner", "aria-hidden": "true" }) : null,
    h("button", { type: "button", class: "round-button small", "aria-label": `Remove ${item.file.name}`, onclick: remove }, icon("i-close")));
}

/** The attachments of a message, above its text. */
export function mediaOf(attachments) {
  if (!attachments.length) return null;
  const images = attachments.length > 1 && attachments[0].kind === "image";
  return h("div", { class: `media${images ? " grid" : ""}` }, attachments.map((one) => BUILDERS[one.kind](one)));
}

const BUILDERS = { image: imageOf, video: (one) => playerOf(one, "video"), audio: (one) => playerOf(one, "audio"), file: fileOf };

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    target.dispatchEvent(new CustomEvent("seen"));
  }
}, { rootMargin: "400px" });

function imageOf(one) {
  const image = h("img", { alt: one.name || "Photo" });
  const button = h("button", { type: "button", class: "media-image", "aria-label": "Show the photo" }, image);
  if (one.width && one.height) button.style.aspectRatio = `${one.width} / ${one.height}`;
  button.addEventListener("seen", () => read(one.id).then((url) => (image.src = url), () => button.classList.add("missing")));
  button.addEventListener("click", async () => {
    try {
      $("lightbox-image").src = await read(one.id);
      $("lightbox-image").alt = image.alt;
      lightbox.open();
    } catch (error) {
      toastError(error);
    }
  });
  seen.observe(button);
  return button;
}

function playerOf(one, tag) {
  const facts = [lengthOf(one.duration_ms), sizeOf(one.size_bytes)].filter(Boolean).join(" · ");
  const button = h("button", { type: "button", class: `media-play ${tag}`, "aria-label": `Play the ${tag}` },
    h("span", { class: "play" }, icon("i-play")), h("small", {}, facts));
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    try {
      const player = h(tag, { class: `media-player ${tag}`, controls: true, autoplay: true, playsinline: true, src: await read(one.id) });
      button.replaceWith(player);
      player.focus();
    } catch (error) {
      toastError(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  return button;
}

function fileOf(one) {
  const name = one.name || "File";
  const save = async () => {
    try {
      h("a", { href: await read(one.id), download: name }).click();
    } catch (error) {
      toastError(error);
    }
  };
  return h("button", { type: "button", class: "media-file", title: `Save ${name}`, onclick: save },
    h("span", { class: "play" }, icon("i-file")),
    h("span", { class: "tray-text" }, h("b", {}, name), h("small", {}, sizeOf(one.size_bytes))));
}

function lengthOf(milliseconds) {
  if (!milliseconds) return "";
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function read(id) {
  if (!contents.has(id)) {
    const content = api
      .get(`attachments/${id}`, { kind: "blob", secondsMax: UPLOAD_SECONDS_MAX })
      .then((blob) => URL.createObjectURL(blob));
    content.catch(() => contents.delete(id)); // asked again at the next look
    contents.set(id, content);
  }
  return contents.get(id);
}
