// The answer in short above the moments, sentence by sentence as a language model writes it.
import { fill } from "./words.js";

let source = null;

// What the moment says: a moment of the same resource as a better one has its quote inside, others beside them.
function quoteOf(moment) {
  const quote = moment.querySelector(".quote") ?? moment.closest("article")?.querySelector(".quote");
  return quote?.textContent.trim() ?? "";
}

function citation(rank, place) {
  const link = Object.assign(document.createElement("a"), { href: `#m${rank}`, className: "cite", textContent: `[${rank}]` });
  link.setAttribute("aria-label", fill(place.dataset.cite, { n: rank }));
  link.title = quoteOf(document.getElementById(`m${rank}`));
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
  const cited = link && document.querySelector(link.getAttribute("href"));
  if (!cited) return;
  const closed = cited.closest("details");
  if (closed) closed.open = true;
  const moment = cited.matches(".go") ? cited : cited.querySelector(".go");
  setTimeout(() => moment.focus());  // after the jump
});
