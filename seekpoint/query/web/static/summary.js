// The answer in short above the moments, sentence by sentence as a language model writes it.
import { fill } from "./words.js";

let source = null;

function citation(rank, place) {
  const link = Object.assign(document.createElement("a"), { href: `#m${rank}`, className: "cite", textContent: `[${rank}]` });
  link.setAttribute("aria-label", fill(place.dataset.cite, { n: rank }));
  return link;
}

function add(place, { text, citations }) {
  const sentence = document.createElement("span");
  const links = citations.filter((rank) => document.getElementById(`m${rank}`)).map((rank) => citation(rank, place));
  sentence.append(`${text} `, ...links, " ");
  place.querySelector(".short-text").append(sentence);
}

function finish(place, problem) {
  const note = place.querySelector(".short-note");
  const isWritten = place.querySelector(".short-text").hasChildNodes();
  note.textContent = [problem, isWritten ? note.dataset.written : ""].filter(Boolean).join(" ");
  place.classList.toggle("failed", Boolean(problem));
}

export function summarise() {
  source?.close();
  source = null;
  const place = document.querySelector("#summary[data-source]");
  if (!place) return;
  place.hidden = false;
  const own = source = new EventSource(place.dataset.source);
  own.addEventListener("sentence", (event) => add(place, JSON.parse(event.data)));
  own.addEventListener("end", (event) => {
    own.close();
    finish(place, JSON.parse(event.data).problem);
  });
  own.addEventListener("error", () => {
    own.close();  // it would ask again, and the model write again
    finish(place, place.dataset.failed);
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".cite");
  const moment = link && document.querySelector(`${link.getAttribute("href")} .go`);
  if (moment) setTimeout(() => moment.focus());  // after the jump
});
