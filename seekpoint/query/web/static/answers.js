// Answers in place, so that what plays goes on playing.
import { withoutPlaying } from "./addresses.js";
import { fetched } from "./fetched.js";
import { addressWithPlaying, markPlaying, playAddress } from "./panel.js";
import { rememberQuestion } from "./settings.js";
import { read } from "./reading.js";
import { words } from "./words.js";

// Milliseconds after which the page shows that it waits: most answers are there before, and would only flicker.
const PATIENCE = 150;
// Milliseconds until a box that is too high begins to shrink, and that it takes.
const SETTLING = 500;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let asking = 0, wasTyped = false, waiting;
let shown = withoutPlaying(location.href);

// Ask the question of an address. `keepsPlace` is for more moments of the same answer; `isTyping` leaves the form as it
// is, and puts a further answer in the place of the last one in the history.
export async function ask(address, { isNew = true, keepsPlace = false, isTyping = false } = {}) {
  const turn = ++asking;
  clearTimeout(waiting);
  waiting = setTimeout(() => document.body.classList.add("busy"), PATIENCE);
  const parsed = await fetched(address);
  if (turn !== asking) return;
  clearTimeout(waiting);
  document.body.classList.remove("busy");
  if (!parsed && !keepsPlace) showFailure();
  if (!isAnswer(parsed)) {
    if (parsed && !isTyping) location.assign(address);
    return;
  }
  if (isNew) remember(address, isTyping);
  wasTyped = isTyping;
  shown = withoutPlaying(location.href);
  document.title = parsed.title;
  replace(parsed, { isNew, keepsPlace, isTyping });
}

// What is shown answers another question than the box holds.
function showFailure() {
  const verdict = document.querySelector("#results .verdict");
  Object.assign(verdict, { className: "verdict none", textContent: words.failed });
  while (verdict.nextSibling) verdict.nextSibling.remove();
  document.querySelector(".offer").replaceChildren();
}

// Whether a page is an answer in the language of this one.
const isAnswer = (parsed) => Boolean(parsed?.getElementById("ask") && parsed.getElementById("results"))
  && parsed.documentElement.lang === document.documentElement.lang;

// An entry of the history for each question; with the place on the page, for the way back.
function remember(address, isTyping) {
  const isSame = withoutPlaying(address) === shown || (isTyping && wasTyped);
  if (!isSame) history.replaceState({ y: scrollY }, "");
  history[isSame ? "replaceState" : "pushState"](null, "", addressWithPlaying(address));
}

function replace(parsed, { isNew, keepsPlace, isTyping }) {
  const form = document.getElementById("ask"), results = document.getElementById("results");
  const newForm = parsed.getElementById("ask"), newResults = parsed.getElementById("results");
  const focused = form.contains(document.activeElement) ? document.activeElement.name : null;
  const before = results.querySelectorAll(".moment").length;
  showOffer(parsed);
  showMenu(parsed);
  if (!isTyping) form.replaceChildren(...document.adoptNode(newForm).childNodes);
  else newResults.querySelector(".of-words")?.remove();  // the last word is half typed
  const verdict = showVerdict(newResults);
  while (verdict.nextSibling) verdict.nextSibling.remove();
  verdict.after(...document.adoptNode(newResults).childNodes);
  enhance(results);
  markPlaying();
  if (isTyping) return;  // no language model is asked while someone types
  read(showReading);
  if (keepsPlace) (results.querySelectorAll(".moment .go")[before] ?? results).focus({ preventScroll: true });
  else if (focused) form.elements[focused]?.focus();
  else results.focus({ preventScroll: true });
  if (isNew && !keepsPlace && (!focused || focused === "q")) scrollTo(0, 0);
}

// The verdict stays the same element, so that screen readers read its new text.
function showVerdict(newResults) {
  const verdict = document.querySelector("#results .verdict"), newVerdict = newResults.querySelector(".verdict");
  verdict.className = newVerdict.className;
  verdict.replaceChildren(...newVerdict.childNodes);
  newVerdict.remove();
  return verdict;
}

// Beside an answer stands its first moment that plays, until something does.
const showOffer = (parsed) => document.querySelector(".offer").replaceWith(document.adoptNode(parsed.querySelector(".offer")));

// The menu's links take the question along.
function showMenu(parsed) {
  const links = document.querySelectorAll(".top nav a");
  parsed.querySelectorAll(".top nav a").forEach((link, at) => links[at].setAttribute("href", link.getAttribute("href")));
}

function partInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return Math.min(bottom, innerHeight) - Math.max(top, 0);
}

// Show the moments as a reader has ordered them, and the one that is being read where it was.
export async function showReading() {
  const turn = asking, parsed = await fetched(location.href);
  if (turn !== asking || !isAnswer(parsed)) return;
  const results = document.getElementById("results"), { bottom } = document.getElementById("reading").getBoundingClientRect();
  const moments = () => [...results.querySelectorAll(".moment")], linkOf = (moment) => moment.querySelector(".go")?.href;
  const momentAt = (href) => moments().find((moment) => linkOf(moment) === href);
  const seen = scrollY > 0 && moments().reduce((one, other) => (partInView(other) > partInView(one) ? other : one));
  const id = seen && partInView(seen) > 0 && seen.dataset.resource, top = seen && seen.getBoundingClientRect().top;
  const focused = results.contains(document.activeElement) && document.activeElement.href;
  const opened = [...results.querySelectorAll(".moment:has(.around[open])")].map(linkOf);
  showVerdict(parsed.getElementById("results"));
  for (const place of ["#reading", ".moments"]) {
    results.querySelector(place)?.replaceWith(document.adoptNode(parsed.querySelector(`#results ${place}`)));
  }
  const [also, read] = [results, parsed].map((page) => page.querySelector("#kq [name=also]"));
  if (also && read) also.value = read.value;  // the form stays, and with it what has the focus
  document.title = parsed.title;
  showOffer(parsed);
  settle(document.getElementById("reading"), bottom);
  enhance(results);
  markPlaying();
  for (const href of opened) momentAt(href)?.querySelector(".around")?.setAttribute("open", "");
  if (focused) [...results.querySelectorAll("a")].find(({ href }) => href === focused)?.focus({ preventScroll: true });
  const moved = id && moments().find((moment) => moment.dataset.resource === id);  // it may begin at another second now
  if (moved) scrollBy({ top: moved.getBoundingClientRect().top - top, behavior: "instant" });
}

// Let a box that ended at `bottom` slowly become as high as what stands in it; at once where that is out of view.
function settle(box, bottom) {
  const { top, height } = box.getBoundingClientRect(), surplus = bottom - top - height;
  if (surplus <= 0 || scrollY >= surplus) return;
  const steps = [height + surplus, height].map((each) => ({ minHeight: `${each}px` }));
  box.animate(steps, { delay: SETTLING, duration: calm.matches ? 0 : SETTLING, easing: "ease-in-out", fill: "backwards" });
}

export function addressOf(form) {
  const given = [...new FormData(form)].filter(([, value]) => value !== "");
  return `${form.getAttribute("action")}?${new URLSearchParams(given)}`;
}

// The form's address where a filter has changed: it asks for more like the same moment.
function filtered(form) {
  const url = new URL(addressOf(form), location.href), before = new URLSearchParams(location.search);
  for (const name of ["like", "at", "said"]) if (before.has(name)) url.searchParams.set(name, before.get(name));
  return url.pathname + url.search;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-swap]")) return;
  event.preventDefault();
  rememberQuestion(event.target.elements.q.value);
  ask(addressOf(event.target));
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-swap]");
  if (form && event.target.matches("select") && form.elements.q.value.trim()) ask(filtered(form));
});

// It fires for a move to another part of the page too.
addEventListener("popstate", async ({ state }) => {
  if (document.getElementById("ask") && withoutPlaying(location.href) !== shown) {
    await ask(location.href, { isNew: false });
    scrollTo(0, state?.y ?? 0);
  }
  playAddress();
});

export function enhance(root) {
  root.querySelectorAll(".copy").forEach((button) => { button.hidden = false; });
}
