// The player beside an answer. What plays there is in the address, so that it can be gone back to and passed on.
import { played, playingAt, withoutPlaying } from "./addresses.js";
import { Controls } from "./controls.js";
import { fetched } from "./fetched.js";
import { nearestMoment, playableBeside } from "./moments.js";
import { described, said } from "./players.js";
import { announce } from "./toast.js";
import { follower } from "./transcript.js";
import { words } from "./words.js";

const panel = document.getElementById("player");
const holder = panel?.querySelector(".player-transcript");
const both = panel?.querySelector(".both");
const controls = panel && new Controls(panel, step);
// What plays and the moment that it belongs to; the link that was followed to play it.
let what = null, moment = null, opener = null, follow = null, showing = 0;

export const isOpen = () => Boolean(panel && !panel.hidden);

// The address of an answer with what plays beside it.
export const addressWithPlaying = (address) =>
  isOpen() && what ? playingAt(address, what.id, controls.player.time) : address;

const isSame = (other) => what && ["how", "source", "language", "cues"].every((name) => what[name] === other[name]);

function open(other, seconds, how) {
  if (!isSame(other)) {
    what = other;
    panel.hidden = false;
    panel.querySelector(".player-title").textContent = what.title;
    Object.assign(panel.querySelector(".whole"), { href: what.page, textContent: what.how === "pdf" ? words.whole_text : words.whole });
    follow = null;
    controls.open(what, (second) => follow?.(second));
    showTranscript();
  }
  controls[how](seconds);
  markPlaying(seconds);
  announce(said(what, seconds));
}

export function markPlaying(seconds = controls?.player?.time) {
  document.querySelectorAll(".playing").forEach((element) => {
    element.classList.remove("playing");
    element.removeAttribute("aria-current");
  });
  if (!what) return;
  moment = nearestMoment(what.id, seconds);
  moment?.setAttribute("aria-current", "true");
  moment?.classList.add("playing");
  moment?.closest(".moment")?.classList.add("playing");
  controls.allow(playableBeside(moment, -1), playableBeside(moment, 1));
}

// The page of what plays, in both languages if it has two and both are chosen.
async function pageInLanguages() {
  const parsed = await fetched(what.page), link = parsed?.querySelector("a.both");
  const isBoth = link && both.querySelector("input").checked;
  return isBoth ? fetched(link.getAttribute("href")) : parsed;
}

async function showTranscript() {
  const turn = ++showing;
  holder.replaceChildren();
  if (what.how === "pdf") return;
  const parsed = await pageInLanguages();
  const found = parsed?.getElementById("transcript");
  if (!found || turn !== showing || !what) return;
  both.hidden = !parsed.querySelector("a.both");
  found.removeAttribute("id");
  found.querySelectorAll("[id]").forEach((element) => element.removeAttribute("id"));
  found.querySelectorAll(".here").forEach((element) => element.classList.remove("here"));
  holder.replaceChildren(document.adoptNode(found));
  const wanted = panel.querySelector(".follow");
  follow = follower(found, holder, () => wanted.checked);
  follow(controls.player.time);
}

function go(address) { if (address !== location.pathname + location.search) history.pushState(null, "", address); }

function step(direction) {
  const next = playableBeside(moment, direction);
  if (!next) return;
  next.closest("details")?.setAttribute("open", "");
  playLink(next, Number(next.dataset.start));
  next.scrollIntoView({ block: "nearest" });
}

export const playBeside = step;

// Whether a link to a second was one that plays in the panel.
export function playLink(link, seconds) {
  if (!panel) return false;
  const within = link.closest(".player [data-start]") ? null : link.closest("[data-play]");
  if (within) {
    opener = link;
    open(described(within), seconds, "play");
    go(playingAt(location.href, what.id, seconds));
    return true;
  }
  if (!what || !panel.contains(link)) return false;
  controls.play(seconds);
  history.replaceState(null, "", playingAt(location.href, what.id, seconds));
  return true;
}

function hide() {
  controls.close();
  what = follow = null;
  panel.hidden = true;
  panel.querySelector(".shown").replaceChildren();
  holder.replaceChildren();
  markPlaying();
}

export function closePanel() {
  if (!isOpen()) return;
  hide();
  go(withoutPlaying(location.href));
  [opener, moment].find((link) => link?.isConnected)?.focus();
}

// What the address says plays: after Back and Forward.
export async function playAddress() {
  const wanted = panel && played(location.href);
  if (!wanted) {
    if (isOpen()) hide();
    return;
  }
  const element = nearestMoment(wanted.id, wanted.seconds) ?? (await fetched(location.href))?.getElementById("player");
  if (element?.dataset.play) open(described(element), wanted.seconds, "show");
}

if (panel) {
  const close = panel.querySelector("button.close");
  panel.querySelector("a.close")?.remove();
  close.hidden = holder.hidden = panel.querySelector(".player-choices").hidden = false;
  close.addEventListener("click", closePanel);
  both.addEventListener("change", showTranscript);
  if (panel.dataset.play) open(described(panel), Number(panel.dataset.start), "show");
}
