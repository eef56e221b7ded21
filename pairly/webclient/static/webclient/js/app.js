/** Start: who is here, and which page shows. */
import { forgetAttachments, useApi as attachmentsUseApi } from "./attachments.js";
import { createAttention } from "./attention.js";
import { forgetPhotos, useApi } from "./avatar.js";
import { createCallHistory } from "./callhistory.js";
import { createCallView } from "./callview.js";
import { createChatView } from "./chatview.js";
import { createClient } from "./client.js";
import { createConversations } from "./conversations.js";
import { createCredits } from "./credits.js";
import { $ } from "./dom.js";
import { countryName } from "./format.js";
import { createNotificationView } from "./notificationview.js";
import { createPeople } from "./people.js";
import { createPerson } from "./person.js";
import { createPreferences } from "./preferences.js";
import { go, onRoute, route } from "./router.js";
import { session } from "./session.js";
import { createSettings } from "./settings.js";
import { createShell } from "./shell.js";
import { createSignIn } from "./signin.js";
import { on, state } from "./store.js";
import { toast, toastError } from "./toasts.js";
import { nameCountries } from "./widgets.js";

const WHY_SIGNED_OUT = {
  4401: "You were signed out. Please sign in again.",
  4403: "This account may not be used at the moment.",
};

const WHY_CALL_ENDED = {
  answered_elsewhere: () => "The call is on another device of yours.",
  declined: ({ peer }) => `${peer.display_name} does not take the call.`,
  missed: ({ peer, phase }) => (phase === "incoming" ? `You missed a call from ${peer.display_name}.` : `${peer.display_name} did not answer.`),
  cancelled: ({ peer, phase }) => (phase === "incoming" ? `You missed a call from ${peer.display_name}.` : "Call cancelled."),
  completed: () => "The call has ended.",
  failed: () => "The call could not be connected. It cost nothing.",
  dropped: () => "The connection was lost, so the call has ended.",
  no_credit: () => "The credits ran out, so the call has ended.",
  blocked: () => "The call has ended.",
  moderation: () => "The call was ended by Pairly.",
};

const attention = createAttention({ onBack: () => client.socket.poke() });
const client = createClient({
  onEnded: showSignIn,
  onRefused: (_item, error) => {
    if (error.code === "insufficient_credits") credits.open("That message needs more credits than you have.");
    else toast(error.message, { kind: "error", traceId: error.traceId });
  },
  openConversation: () => (route().page === "chats" ? route().id : null),
  onCallEnded: (item, reason) => WHY_CALL_ENDED[reason] && toast(WHY_CALL_ENDED[reason](item)),
  onCallRefused: (error) => {
    if (error.code === "insufficient_credits") credits.open("That call needs more credits than you have.");
    else toast(error.message, { kind: "error", traceId: error.traceId });
  },
  onTold: (notification) => bell.told(notification),
  isActive: attention.isHere,
});
useApi(client.api);
attachmentsUseApi(client.api);
nameCountries(countryName);

const settings = createSettings(client);
const credits = createCredits(client, { openSettings: settings.open });
const person = createPerson(client, { write });
const shell = createShell(client, { openCredits: () => credits.open(), openSettings: settings.open });
const conversations = createConversations();
const people = createPeople(client, { openPerson: person.open, write });
const chatView = createChatView(client, {
  openCredits: () => credits.open(),
  openPerson: person.open,
  openReport: person.openReport,
  toggleBlock: person.toggleBlock,
});
const preferences = createPreferences(client, { push: client.push });
const bell = createNotificationView(client, { openCredits: () => credits.open(), openPreferences: preferences.open });
const callHistory = createCallHistory(client, { openPerson: person.open });
createCallView(client, { openCredits: () => credits.open() });
const signIn = createSignIn(client, { onSignedIn: () => showApp() });

/** Open the conversation with somebody; whether that worked. */
async function write(somebody) {
  try {
    const conversation = await client.chat.openWith(somebody.id);
    go("chats", conversation.id);
    return true;
  } catch (error) {
    toastError(error);
    return false;
  }
}

function showApp() {
  signIn.hide();
  $("app").hidden = false;
  show(route());
}

function showSignIn(code = null) {
  document.querySelectorAll("dialog[open]").forEach((one) => one.close());
  $("app").hidden = true;
  chatView.reset();
  people.reset();
  callHistory.reset();
  forgetPhotos();
  forgetAttachments();
  history.replaceState(null, "", location.pathname);
  document.title = "Pairly";
  signIn.show(WHY_SIGNED_OUT[code]);
}

function show({ page, id }) {
  if ($("app").hidden) return;
  shell.navigate(page);
  chatView.open(page === "chats" ? id : null);
  conversations.select(id);
  if (page === "people") people.open();
  if (page === "calls") callHistory.open();
  if (page === "chats" && id) client.notifications.readAbout(id).catch(() => {}); // they stay unread
}

onRoute(show);
window.addEventListener("online", () => client.socket.poke());
document.addEventListener("visibilitychange", () => document.hidden || client.socket.poke());
window.addEventListener("offline", () => client.socket.poke());

navigator.serviceWorker?.addEventListener("message", ({ data }) => data.open && (location.hash = data.open));

$("starting").hidden = true;
if (session.token) {
  client.start();
  showApp();
} else {
  showSignIn();
}
on("me", () => $("app").classList.toggle("ready", state.me !== null));
