// Keeps an open page right: takes in changed parts, says times as ages, remembers the reader's name.
"use strict";

const main = document.getElementById("main");

const language = document.documentElement.lang;
const words = {
  en: {
    now: "now", just: "just now", days: "days", ago: (span) => `${span} ago`, ahead: (span) => `in ${span}`,
    live: "Live", lost: "Connection lost, trying again",
  },
  de: {
    now: "jetzt", just: "eben", days: "Tagen", ago: (span) => `vor ${span}`, ahead: (span) => `in ${span}`,
    live: "Live", lost: "Verbindung verloren, neuer Versuch läuft",
  },
}[language];

function length(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 5400) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} ${words.days}`;
}

function age(seconds) {
  return seconds < 5 ? words.just : words.ago(length(seconds));
}

function ahead(seconds) {
  return seconds <= 1 ? words.now : words.ahead(length(Math.ceil(seconds)));
}

const says = {
  ahead: (since) => ahead(-since),
  full: (since, local, at) => `${since > 43200 ? `${day(at)} ${local}` : local}, ${age(since)}`,
  for: (since) => length(Math.max(since, 1)),
  clock: (since, local) => local,
};

function day(at) {
  return at.toLocaleDateString(language, { day: "numeric", month: "short" });
}

function sayTimes(root) {
  const now = Date.now();
  for (const time of root.querySelectorAll("time[data-show]")) {
    const at = new Date(time.dateTime);
    const since = (now - at) / 1000;
    const local = at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const form = time.dataset.show;
    const text = says[form] ? says[form](since, local, at) : age(since);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = at.toLocaleString(language, { hourCycle: "h23" });
  }
}

function busy(part) {
  if (part.querySelector("[data-playing]")) return true; // a stick figure that somebody plays, or has stopped
  const focused = document.activeElement;
  return part.contains(focused) && focused.matches("input, textarea, select") && focused.value !== "";
}

function mark(node) {
  const form = node.form ? `${node.form.getAttribute("action")} ${node.name} ${node.value}` : "";
  return `${node.tagName} ${node.id} ${node.getAttribute("href")} ${form}`;
}

const shown = new Map();

function put(parts) {
  for (const [name, html] of Object.entries(parts)) {
    const part = document.querySelector(`[data-part="${name}"]`);
    if (!part || busy(part) || shown.get(name) === html) continue;
    shown.set(name, html);
    const focused = part.contains(document.activeElement) ? mark(document.activeElement) : "";
    const open = [...part.querySelectorAll("details[open]")].map((details) => details.id);
    part.innerHTML = html;
    for (const id of open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    fillForms(part);
    sayTimes(part);
    const again = focused && [...part.querySelectorAll("a, button, input, select, summary")].find((node) => mark(node) === focused);
    if (again) again.focus({ preventScroll: true });
  }
}

async function refresh(address) {
  try {
    const answer = await fetch(address);
    if (answer.ok) put(await answer.json());
    return answer.ok;
  } catch {
    return false; // The stream says that the connection is gone, and comes back by itself.
  }
}

function refreshAlert() {
  return refresh(`/alerts/${encodeURIComponent(main.dataset.alert)}/live`);
}

async function refreshPage() {
  const there = await refresh(main.dataset.refresh);
  say(there ? "live" : "lost", there ? words.live : words.lost);
}

function say(state, text) {
  const place = document.querySelector("[data-connection]");
  place.dataset.state = state;
  place.querySelector("[data-connection-text]").textContent = text;
}

function listen() {
  const stream = new EventSource("/api/v1/stream");
  stream.addEventListener("open", () => say("live", words.live));
  stream.addEventListener("error", () => {
    say("lost", words.lost);
    // The server has ended it for good: the session is over, and the page says so when it is loaded anew.
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
  });
  stream.addEventListener("parts", (event) => {
    if (main.dataset.live === "now") put(JSON.parse(event.data));
  });
  stream.addEventListener("alerts", (event) => {
    if (main.dataset.live === "alert" && JSON.parse(event.data).ids.includes(main.dataset.alert)) refreshAlert();
  });
  window.addEventListener("pagehide", () => stream.close());
}

function fillForms(root) {
  for (const input of root.querySelectorAll("input[name=csrf]")) if (!input.value) input.value = document.body.dataset.csrf || "";
  const name = localStorage.getItem("attune.name") || "";
  for (const input of root.querySelectorAll("input[data-name]")) if (!input.value) input.value = name;
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("input[data-name]")) return;
  localStorage.setItem("attune.name", event.target.value);
  for (const input of document.querySelectorAll("input[type=hidden][data-name]")) input.value = event.target.value;
});

fillForms(document);
sayTimes(document);
setInterval(() => sayTimes(document), 1000);
if (main.dataset.live) listen();
else if (main.dataset.refresh) {
  refreshPage();
  setInterval(refreshPage, 5000);
}
else say("still", "");
if (main.dataset.open) setInterval(refreshAlert, 10000);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
