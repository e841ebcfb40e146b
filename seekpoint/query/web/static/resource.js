// A resource's own page: its player, and its transcript in one language or two.
import { changed, second } from "./addresses.js";
import { Controls } from "./controls.js";
import { fetched } from "./fetched.js";
import { described } from "./players.js";
import { follower, makeOneStop, track } from "./transcript.js";

const root = document.querySelector(".own-player");
const controls = root && new Controls(root, null);
const entering = [".chapters:not(.noted)", ".noted"].map((list) => track([...document.querySelectorAll(`${list} [data-start]`)], 1));
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
    for (const enter of entering) enter(seconds);
  });
  if (root.dataset.start) controls.show(Number(root.dataset.start));
}
// An address with a second alone leads to its line.
if (!location.hash && !scrollY) document.querySelector("#transcript .cue.here[data-start]")?.scrollIntoView();

// Put what is shown into the address, which adds nothing to the history.
function showAddress(values, hash = location.hash) {
  history.replaceState(null, "", changed(location.href, values) + hash);
}

// The address of this page with the second that plays.
export const addressAtSecond = (address) => (controls?.isUsed ? changed(address, { t: second(controls.player.time) }) : address);

// Whether a link led to a cue of the transcript that is shown; it may be one in another language.
function showCue(link) {
  const url = new URL(link.href), transcript = document.getElementById("transcript");
  const cue = transcript?.lang === url.searchParams.get("language") && document.getElementById(url.hash.slice(1));
  if (!cue) return false;
  cue.scrollIntoView();
  showAddress({ t: url.searchParams.get("t") }, url.hash);
  return true;
}

// Whether a link to a second was one that plays here.
export function playHere(link, seconds) {
  if (!root || !link.closest("#transcript, .cue-link, .own-player .shown")) return false;
  if (link.matches(".cue-link") && !showCue(link)) return false;
  controls.play(seconds);
  return true;
}

// What the forms send beside what is typed is that which those of another page send.
function takeHiddenFields(parsed) {
  for (const form of ["form.ask", "form.find"].map((each) => `main.resource ${each}`)) {
    document.querySelectorAll(`${form} [type=hidden]`).forEach((field) => field.remove());
    document.querySelector(form).prepend(...parsed.querySelectorAll(`${form} [type=hidden]`));
  }
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
  takeHiddenFields(parsed);
  showAddress({ beside: new URL(link.href).searchParams.get("beside") });
  link.replaceWith(document.adoptNode(other));
  other.focus();
  readTranscript();
  if (controls?.isUsed) follow(controls.player.time);
  document.dispatchEvent(new Event("transcript"));
});
