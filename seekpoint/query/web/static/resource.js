// A resource's own page: its player, and its transcript in one language or two.
import { Controls } from "./controls.js";
import { fetched } from "./fetched.js";
import { described } from "./players.js";
import { follower, makeOneStop, track } from "./transcript.js";

const root = document.querySelector(".own-player");
const controls = root && new Controls(root, null);
const enterChapter = track([...document.querySelectorAll(".chapters [data-start]")], 1);
let follow = () => {};

function readTranscript() {
  const transcript = document.getElementById("transcript");
  if (!transcript) return;
  if (root) follow = follower(transcript, null, () => false);
  else makeOneStop(transcript);
}

readTranscript();
if (root) {
  controls.open(described(root), (seconds) => {
    follow(seconds);
    enterChapter(seconds);
  });
  if (root.dataset.start) controls.show(Number(root.dataset.start));
}

// Whether a link to a second was one that plays here.
export function playHere(link, seconds) {
  if (!root || !link.closest("#transcript, .cue-link, .own-player .shown")) return false;
  controls.play(seconds);
  return true;
}

// Show one language or both without leaving the page, so that what plays goes on.
document.querySelector("main.resource")?.addEventListener("click", async (event) => {
  const link = event.target.closest("a.both");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const parsed = await fetched(link.href);
  const transcript = parsed?.getElementById("transcript"), other = parsed?.querySelector("a.both");
  if (!transcript || !other) return;
  document.getElementById("transcript").replaceWith(document.adoptNode(transcript));
  history.replaceState(null, "", link.href);
  link.replaceWith(document.adoptNode(other));
  other.focus();
  readTranscript();
  if (controls?.isUsed) follow(controls.player.time);
  document.dispatchEvent(new Event("transcript"));
});
