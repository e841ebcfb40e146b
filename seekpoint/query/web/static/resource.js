// The player of a resource's own page.
import { described, playerOf } from "./players.js";
import { follower } from "./transcript.js";

const screen = document.querySelector(".screen.here");
let player = null;

function ownPlayer() {
  if (!player) {
    player = playerOf(screen, described(screen), screen.querySelector("audio, video"));
    player.onTime = follower([...document.querySelectorAll("#transcript .cue")], null, () => false);
  }
  return player;
}

if (screen?.querySelector("audio, video")) ownPlayer();

// Whether a link to a second was one that plays here.
export function playHere(link, seconds) {
  if (!screen || !link.closest("#transcript, .cue-link, .screen.here")) return false;
  ownPlayer().play(seconds);
  player.onTime(seconds);
  return true;
}
