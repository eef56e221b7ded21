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

function tintOf(text) {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return sum % TINTS;
}
