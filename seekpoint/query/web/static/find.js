// The find box of a transcript. The server says where a phrase stands, since it knows both scripts of Chinese.
import { changed } from "./addresses.js";
import { tell } from "./toast.js";
import { fill, words } from "./words.js";

const PAUSE_MS = 150;
const form = document.querySelector("form.find");
const box = form?.querySelector("#find"), count = form?.querySelector(".count");
let places = [], total = 0, at = -1, sought = null, asking = 0, typing = 0;

function rangesOf(place) {
  return place.flatMap(([cue, start, stop]) => {
    const text = document.getElementById(`c${cue}`)?.firstChild;
    if (!text || stop > text.length) return [];
    const range = new Range();
    range.setStart(text, start);
    range.setEnd(text, stop);
    return [range];
  });
}

// Highlights change nothing in the page, so that a transcript of hours stays fast; older browsers underline the cues.
function highlight() {
  if (!globalThis.CSS?.highlights) {
    document.querySelectorAll(".cue.found").forEach((cue) => cue.classList.remove("found"));
    for (const [cue] of places.flat()) document.getElementById(`c${cue}`)?.classList.add("found");
    return;
  }
  CSS.highlights.set("places", new Highlight(...places.flatMap(rangesOf)));
  const current = new Highlight(...(places[at] ? rangesOf(places[at]) : []));
  current.priority = 1;
  CSS.highlights.set("place", current);
}

function show() {
  highlight();
  if (!sought) count.textContent = "";
  else count.textContent = total ? fill(words.found_at, { at: at + 1, n: total }) : words.found_none;
  form.querySelectorAll("[data-step]").forEach((button) => { button.disabled = !total; });
  bringIntoView(places[at]);
}

// Scroll a place to the middle. All of the transcript is laid out for that, since estimated heights would mislead.
function bringIntoView(place) {
  const range = place && rangesOf(place)[0];
  if (!range) return;
  document.getElementById("transcript").classList.add("searched");
  const { top, height } = range.getBoundingClientRect();
  scrollBy({ top: top - (innerHeight - height) / 2, behavior: "instant" });
}

// The first place below what is in view, else the first one.
function firstInView() {
  const below = places.findIndex(([[cue]]) => document.getElementById(`c${cue}`)?.getBoundingClientRect().top >= 0);
  return places.length ? Math.max(0, below) : -1;
}

// Look for the phrase in the box; the place that is shown is that with this number, else one in view.
async function find(place = 0) {
  const phrase = box.value.trim();
  if (phrase === sought) return true;
  const turn = ++asking;
  const given = new URLSearchParams({ find: phrase, language: form.elements.language.value });
  let answer = { count: 0, places: [], elsewhere: [] };
  try {
    if (phrase) answer = await (await fetch(`${form.dataset.found}?${given}`)).json();
  } catch {
    tell(words.failed);
    return false;
  }
  if (turn !== asking) return false;
  [sought, total, places] = [phrase, answer.count, answer.places];
  form.querySelector(".elsewhere").replaceChildren(...answer.elsewhere.flatMap(([language, textContent]) => {
    const href = `${changed(location.href, { find: phrase, language, place: null })}#place`;
    return [" ", Object.assign(document.createElement("a"), { href, textContent })];
  }));
  at = place ? Math.min(place, places.length) - 1 : firstInView();
  show();
  return false;
}

async function step(direction) {
  clearTimeout(typing);
  if (!await find() || !places.length) return;
  at = (at + direction + places.length) % places.length;
  show();
}

function unmark() {
  document.querySelectorAll("mark.place").forEach((mark) => {
    const cue = mark.parentElement;
    mark.replaceWith(...mark.childNodes);
    cue.normalize();
  });
}

if (form) {
  unmark();
  form.querySelector("button").hidden = true;
  form.querySelectorAll("[data-step]").forEach((button) => {
    button.hidden = false;
    button.disabled = true;
    button.addEventListener("click", (event) => {
      event.preventDefault();
      step(Number(button.dataset.step));
    });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    step(1);
  });
  box.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => find(), PAUSE_MS);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.shiftKey || event.isComposing) return;
    event.preventDefault();
    step(-1);
  });
  document.addEventListener("transcript", () => {
    unmark();
    highlight();
  });
  if (box.value) find(Number(new URLSearchParams(location.search).get("place")));
}
