// Plays the stick figure of an alert: one pose after the other, at the pace at which they were seen.
const LONGEST_MS = 1500; // Of one pose, however long nobody was seen after it.
const END_MS = 1200;

document.documentElement.dataset.plays = "yes";

function poses(figure) {
  return [...figure.querySelectorAll("[data-at]")];
}

function show(figure, place) {
  const all = poses(figure);
  all.forEach((pose, k) => {
    pose.classList.toggle("on", k === place);
    pose.classList.toggle("before", k === place - 1);
  });
  const moment = figure.querySelector("[data-moment]");
  moment.value = place;
  moment.setAttribute("aria-valuetext", all[place].dataset.said);
  figure.querySelector("output").textContent = all[place].dataset.when;
  figure.dataset.place = place;
}

function say(figure) {
  const button = figure.querySelector("[data-play]");
  button.textContent = figure.dataset.playing === "yes" ? button.dataset.stop : button.dataset.start;
}

function stop(figure) {
  figure.dataset.playing = "no";
  clearTimeout(Number(figure.dataset.timer));
  say(figure);
}

function step(figure) {
  if (!figure.isConnected || figure.dataset.playing !== "yes") return;
  const all = poses(figure);
  const next = (Number(figure.dataset.place) + 1) % all.length;
  show(figure, next);
  wait(figure, all, next);
}

function wait(figure, all, place) {
  const gap = place + 1 < all.length ? 1000 * (all[place + 1].dataset.at - all[place].dataset.at) : END_MS;
  figure.dataset.timer = setTimeout(step, Math.min(gap, LONGEST_MS), figure);
}

function play(figure) {
  figure.querySelector("[data-stage]").hidden = false;
  figure.dataset.playing = "yes";
  say(figure);
  show(figure, 0);
  wait(figure, poses(figure), 0);
}

document.addEventListener("click", (event) => {
  const figure = event.target.closest("[data-play]")?.closest("[data-figure]");
  if (!figure) return;
  if (figure.dataset.playing === "yes") stop(figure);
  else play(figure);
});

document.addEventListener("input", (event) => {
  const figure = event.target.matches("[data-moment]") && event.target.closest("[data-figure]");
  if (!figure) return;
  stop(figure);
  show(figure, Number(event.target.value));
});
