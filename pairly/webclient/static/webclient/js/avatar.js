/** Photos, read with the token and kept in memory; initials on a tint where there is none. */
import { h } from "./dom.js";

const TINTS = 8;
const photos = new Map(); // address -> promise of an object URL

let api = null;

export function useApi(client) {
  api = client;
}

/** Forget what the one who signed out could see. */
export function forgetPhotos() {
  photos.forEach((photo) => photo.then((url) => url && URL.revokeObjectURL(url)));
  photos.clear();
}

export function avatar(person, size = "") {
  const name = person?.display_name || "?";
  const element = h("span", {
    class: `avatar ${size}`.trim(),
    "data-tint": tintOf(person?.id || name),
    "aria-hidden": "true",
  }, initials(name));
  if (person?.photo_url) show(element, person.photo_url);
  return element;
}

function show(element, address) {
  if (!photos.has(address)) photos.set(address, read(address));
  photos.get(address).then((url) => url && element.replaceChildren(h("img", { src: url, alt: "" })));
}

async function read(address) {
  try {
    return URL.createObjectURL(await api.get(address, { kind: "blob" }));
  } catch {
    photos.delete(address); // the initials stay; the next look asks again
    return null;
  }
}

function initials(name) {
  const words = name.trim().split(/\s+/u);
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : ""];
  return letters.map((word) => [...word][0] || "").join("").toUpperCase();
}

/** The same for the same text, and spread evenly (FNV-1a, its high bits). */
function tintOf(text) {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193);
  return (hash >>> 16) % TINTS;
}
