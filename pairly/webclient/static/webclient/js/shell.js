/** Header, navigation and the line that tells of a lost connection. */
import { avatar } from "./avatar.js";
import { unreadTotal } from "./chat.js";
import { $, setText } from "./dom.js";
import { countOf } from "./format.js";
import { wishDot, wishWord } from "./presence.js";
import { CLOSE_CODES, STATUS } from "./protocol.js";
import { on, state } from "./store.js";
import { toastError } from "./toasts.js";
import { menu } from "./widgets.js";

const BANNER_AFTER_MILLISECONDS = 600;
const LOW_CREDITS = 5;

export function createShell(client, { openCredits, openSettings }) {
  let bannerTimer = null;
  let ticking = null;
  let shownCredits = null;

  menu("account-button", "account-menu", {
    settings: openSettings,
    credits: openCredits,
    "sign-out": () => client.signOut().catch(toastError),
  });
  $("balance").addEventListener("click", openCredits);
  $("banner-retry").addEventListener("click", () => client.socket.poke());
  on("me", showMe);
  on("mode", showMe);
  on("wallet", showBalance);
  on("conversations", showUnread);
  on("connection", showConnection);

  function showMe() {
    if (!state.me) return;
    $("account-avatar").replaceChildren(avatar(state.me, "small"), wishDot() || "");
    setText($("account-name"), state.me.display_name);
    setText($("account-email"), state.me.email);
    setText($("account-wish"), wishWord());
  }

  function showBalance() {
    if (!state.wallet) {
      shownCredits = null;
      return;
    }
    const { available } = state.wallet;
    const box = $("balance");
    setText($("balance-number"), countOf(available));
    box.classList.toggle("low", available < LOW_CREDITS);
    if (shownCredits !== null && shownCredits !== available) flash(box, available > shownCredits);
    shownCredits = available;
  }

  function showUnread() {
    const total = unreadTotal();
    setText($("unread-total"), total > 99 ? "99+" : String(total));
    $("unread-total").hidden = total === 0;
    document.title = total ? `(${total}) Pairly` : "Pairly";
  }

  /** A connection that comes back within a blink is not worth a line. */
  function showConnection() {
    const { status } = state.connection;
    if (status === STATUS.WAITING || status === STATUS.CONNECTING) {
      bannerTimer ??= setTimeout(showBanner, BANNER_AFTER_MILLISECONDS);
      if (!$("banner").hidden) writeBanner();
    } else if (status !== STATUS.CATCHING_UP) hideBanner();
  }

  function showBanner() {
    $("banner").hidden = false;
    writeBanner();
    ticking ??= setInterval(writeBanner, 1000);
  }

  function hideBanner() {
    $("banner").hidden = true;
    clearTimeout(bannerTimer);
    clearInterval(ticking);
    bannerTimer = ticking = null;
  }

  function writeBanner() {
    const { code, retryAt } = state.connection;
    const why = CLOSE_CODES[code]?.meaning;
    const seconds = retryAt ? Math.ceil((retryAt - Date.now()) / 1000) : 0;
    const when = seconds > 1 ? ` Next try in ${seconds} s.` : "";
    const what = state.wallet ? "Reconnecting…" : "Connecting…";
    setText($("banner-text"), `${why ? `${why} ` : ""}${what}${when}`);
  }

  /** `page` is the one that is open. */
  function navigate(page) {
    for (const link of document.querySelectorAll("[data-nav]")) {
      if (link.dataset.nav === page) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    $("chats").hidden = page !== "chats";
    $("people").hidden = page !== "people";
    $("calls").hidden = page !== "calls";
    $("notifications").hidden = page !== "notifications";
  }

  return { navigate };
}

function flash(element, isMore) {
  element.classList.remove("went-up", "went-down");
  void element.offsetWidth; // so that the animation starts over
  element.classList.add(isMore ? "went-up" : "went-down");
}
