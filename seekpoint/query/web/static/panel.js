// The player beside the answers.
import { fetched } from "./fetched.js";
import { described, playerOf } from "./players.js";
import { announce } from "./toast.js";
import { follower } from "./transcript.js";
import { clock, fill, words } from "./words.js";

const panel = document.getElementById("player");
let playing = null, opener = null;

export const isOpen = () => Boolean(panel && !panel.hidden);

async function showTranscript(what, player, seconds) {
  const holder = panel.querySelector(".player-transcript");
  holder.replaceChildren();
  const parsed = await fetched(what.page);
  const found = parsed?.getElementById("transcript");
  if (!found || playing?.player !== player) return;
  found.removeAttribute("id");
  found.querySelectorAll("[id]").forEach((element) => element.removeAttribute("id"));
  found.querySelectorAll(".here").forEach((element) => element.classList.remove("here"));
  holder.replaceChildren(document.adoptNode(found));
  const wanted = panel.querySelector(".follow input");
  player.onTime = follower([...holder.querySelectorAll(".cue")], holder, () => wanted.checked);
  player.onTime(seconds);
}

function play(link, what, seconds) {
  if (playing?.what.how === what.how && playing.what.source === what.source && playing.what.language === what.language) {
    playing.player.play(seconds);
  } else {
    playing?.player.stop();
    panel.hidden = false;
    panel.querySelector(".player-title").textContent = what.title;
    const player = playerOf(panel.querySelector(".screen"), what);
    playing = { what, player };
    player.play(seconds);
    showTranscript(what, player, seconds);
  }
  document.querySelectorAll(".moment.playing").forEach((moment) => moment.classList.remove("playing"));
  link.closest(".moment")?.classList.add("playing");
  opener = link;
  announce(fill(words.playing, { title: what.title, time: clock(seconds) }));
}

export function closePanel() {
  if (!isOpen()) return;
  playing?.player.stop();
  playing = null;
  panel.hidden = true;
  panel.querySelector(".screen").replaceChildren();
  document.querySelectorAll(".moment.playing").forEach((moment) => moment.classList.remove("playing"));
  if (opener?.isConnected) opener.focus();
}

// Whether a link to a second was one that plays in the panel.
export function playLink(link, seconds) {
  const within = link.closest("[data-play]");
  if (panel && within) play(link, described(within), seconds);
  else if (panel && playing && link.closest(".player-transcript")) {
    playing.player.play(seconds);
    playing.player.onTime?.(seconds);
  } else return false;
  return true;
}

panel?.querySelector(".close").addEventListener("click", closePanel);
