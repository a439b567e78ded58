// Keeps an open page right: takes in changed parts, says times as ages, remembers the reader's name.
"use strict";

const main = document.getElementById("main");

function age(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 5400) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

function ahead(seconds) {
  if (seconds <= 1) return "now";
  return seconds < 90 ? `in ${Math.ceil(seconds)} s` : `in ${Math.round(seconds / 60)} min`;
}

const says = {
  ahead: (since) => ahead(-since),
  full: (since, local) => `${local}, ${age(since)}`,
  for: (since) => age(Math.max(since, 1)).replace(" ago", ""),
};

function sayTimes(root) {
  const now = Date.now();
  for (const time of root.querySelectorAll("time[data-show]")) {
    const at = new Date(time.dateTime);
    const since = (now - at) / 1000;
    const local = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const form = time.dataset.show;
    const text = says[form] ? says[form](since, local) : age(since);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = at.toLocaleString();
  }
}

function busy(part) {
  const focused = document.activeElement;
  return part.contains(focused) && focused.matches("input, textarea, select") && focused.value !== "";
}

function put(parts) {
  for (const [name, html] of Object.entries(parts)) {
    const part = document.querySelector(`[data-part="${name}"]`);
    if (!part || busy(part)) continue;
    const open = [...part.querySelectorAll("details[open]")].map((details) => details.id);
    part.innerHTML = html;
    for (const id of open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    fillNames(part);
    sayTimes(part);
  }
}

async function refreshAlert() {
  try {
    const answer = await fetch(`/alerts/${encodeURIComponent(main.dataset.alert)}/live`);
    if (answer.ok) put(await answer.json());
  } catch {
    // The stream says that the connection is gone, and comes back by itself.
  }
}

function say(state, text) {
  const place = document.querySelector("[data-connection]");
  place.dataset.state = state;
  place.querySelector("[data-connection-text]").textContent = text;
}

function listen() {
  const stream = new EventSource("/api/v1/stream");
  stream.addEventListener("open", () => say("live", "Live"));
  stream.addEventListener("error", () => say("lost", "Connection lost, trying again"));
  stream.addEventListener("parts", (event) => {
    if (main.dataset.live === "now") put(JSON.parse(event.data));
  });
  stream.addEventListener("alerts", (event) => {
    if (main.dataset.live === "alert" && JSON.parse(event.data).ids.includes(main.dataset.alert)) refreshAlert();
  });
  window.addEventListener("pagehide", () => stream.close());
}

function fillNames(root) {
  const name = localStorage.getItem("attune.name") || "";
  for (const input of root.querySelectorAll("input[data-name]")) if (!input.value) input.value = name;
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("input[data-name]")) return;
  localStorage.setItem("attune.name", event.target.value);
  for (const input of document.querySelectorAll("input[type=hidden][data-name]")) input.value = event.target.value;
});

fillNames(document);
sayTimes(document);
setInterval(() => sayTimes(document), 1000);
if (main.dataset.live) listen();
else say("still", "");
if (main.dataset.open) setInterval(refreshAlert, 10000);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
