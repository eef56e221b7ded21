/** How times, amounts and places are written, in the language of the browser. */

const DAY_MILLISECONDS = 86_400_000;
const language = navigator.language;
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(language, { weekday: "short" });
const shortDate = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const oldDate = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const number = new Intl.NumberFormat(language);
const places = new Intl.DisplayNames([language, "en"], { type: "region" });

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
const daysAgo = (date) => Math.round((midnight(new Date()) - midnight(date)) / DAY_MILLISECONDS);

export const timeOf = (text) => clock.format(new Date(text));
export const fullTime = (text) => full.format(new Date(text));
export const countOf = (value) => number.format(value);
export const credits = (value) => `${number.format(value)} ${value === 1 ? "credit" : "credits"}`;

/** For a list: the time today, the weekday this week, else the date. */
export function whenShort(text) {
  const date = new Date(text);
  const days = daysAgo(date);
  if (days <= 0) return clock.format(date);
  if (days === 1) return "Yesterday";
  return days < 7 ? weekday.format(date) : shortDate.format(date);
}

/** For the line between two days. */
export function dayOf(text) {
  const date = new Date(text);
  const days = daysAgo(date);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return days < 180 ? longDate.format(date) : oldDate.format(date);
}

/** A file's size, as people read it. */
export function sizeOf(bytes) {
  const unit = bytes < 1e6 ? "kilobyte" : "megabyte";
  const value = bytes < 1e6 ? Math.max(1, Math.round(bytes / 1e3)) : bytes / 1e6;
  const format = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(language, format).format(value);
}

export const dayKey = (text) => midnight(new Date(text)).toISOString();

export function countryName(code) {
  return code ? places.of(code) : "";
}

/** Amounts come in minor units. */
export function money(minor, currency) {
  const format = new Intl.NumberFormat(language, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits;
  return format.format(minor / 10 ** digits);
}
