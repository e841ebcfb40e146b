// Everything here only adds to pages that work without it: playing beside the answer, following along, copying links.
import { ask, enhance } from "./answers.js";
import "./kept.js";
import "./keys.js";
import { playLink } from "./panel.js";
import { playHere } from "./resource.js";
import { tell } from "./toast.js";
import { words } from "./words.js";
import "./workspace.js";

function copyLink(button) {
  const address = new URL(button.dataset.link, location.href).href;
  const written = navigator.clipboard?.writeText(address) ?? Promise.reject();
  written.then(() => tell(words.copied), () => tell(words.copy_failed));
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const copy = event.target.closest(".copy");
  if (copy) {
    copyLink(copy);
    return;
  }
  const link = event.target.closest("a");
  if (!link) return;
  if (link.matches(".ask-link") && document.getElementById("ask")) {
    event.preventDefault();
    ask(link.getAttribute("href"), true);
    return;
  }
  if (link.dataset.start === undefined) return;
  const seconds = Number(link.dataset.start);
  if (playHere(link, seconds) || playLink(link, seconds)) event.preventDefault();
});

enhance(document);
