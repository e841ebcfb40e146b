// Everything here only adds to pages that work without it: playing beside the answer, following along, copying links.
import { inLanguage } from "./addresses.js";
import { ask, enhance, showReading } from "./answers.js";
import "./find.js";
import "./kept.js";
import "./keys.js";
import { addressWithPlaying, playLink } from "./panel.js";
import { addressAtSecond, playHere } from "./resource.js";
import "./suggestions.js";
import { read } from "./reading.js";
import { tell } from "./toast.js";
import "./typing.js";
import { words } from "./words.js";
import "./workspace.js";

function copyLink(button) {
  const address = new URL(button.dataset.link, location.href).href;
  const written = navigator.clipboard?.writeText(address) ?? Promise.reject();
  written.then(() => tell(words.copied), () => tell(words.copy_failed));
}

// Whether a link was one that is followed without leaving the page.
function follow(link) {
  if (link.matches(".ask-link") && document.getElementById("ask")) {
    ask(link.getAttribute("href"), { keepsPlace: "keepsPlace" in link.dataset });
    return true;
  }
  if (link.matches(".ui-link")) {
    location.assign(inLanguage(addressAtSecond(addressWithPlaying(location.href)), link.dataset.ui));
    return true;
  }
  if (link.dataset.start === undefined) return false;
  const seconds = Number(link.dataset.start);
  return playHere(link, seconds) || playLink(link, seconds);
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const copy = event.target.closest(".copy"), link = event.target.closest("a");
  if (copy) copyLink(copy);
  else if (link && follow(link)) event.preventDefault();
});

enhance(document);
read(showReading);
