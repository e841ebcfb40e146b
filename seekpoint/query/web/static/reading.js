// The answer of a language model above the moments, sentence by sentence as it writes it.
import { fill } from "./words.js";

let source = null;

// While it streams, the moments aren't in its order yet, so that a citation opens the source.
function citation({ moment, link }, place) {
  const shown = Object.assign(document.createElement("a"), { className: "cite", textContent: `[${moment}]` });
  shown.setAttribute("aria-label", fill(place.dataset.cite, { n: moment }));
  if (/^https?:/.test(link)) Object.assign(shown, { href: link, target: "_blank", rel: "noopener" });
  return shown;
}

function add(place, { text, citations }) {
  const sentence = document.createElement("span");
  const first = citations.filter((each, n) => citations.findIndex(({ moment }) => moment === each.moment) === n);
  sentence.append(`${text} `, ...first.map((each) => citation(each, place)), " ");
  place.querySelector(".short-text").append(sentence);
}

function finish(place, problem) {
  const note = place.querySelector(".short-note");
  const isWritten = place.querySelector(".short-text").hasChildNodes();
  note.textContent = [problem, isWritten ? note.dataset.written : ""].filter(Boolean).join(" ");
  place.classList.toggle("failed", Boolean(problem));
}

// Let the language model read, where there is one; `ordered` is called once the page has its order.
export function read(ordered) {
  source?.close();
  source = null;
  const place = document.querySelector("#reading[data-source]"), keep = document.querySelector("#kq .keep button");
  const hold = (waits) => keep && (keep.disabled = waits);  // a question is kept in the wordings in which it was read
  hold(Boolean(place));
  if (!place) return;
  place.hidden = false;
  const own = source = new EventSource(place.dataset.source);
  own.addEventListener("sentence", (event) => add(place, JSON.parse(event.data)));
  own.addEventListener("end", async (event) => {
    own.close();
    const { problem } = JSON.parse(event.data);
    finish(place, problem);
    if (!problem && own === source) await ordered();
    hold(false);
  });
  own.addEventListener("error", () => {
    own.close();  // it would ask again, and the model read again
    finish(place, place.dataset.failed);
    hold(false);
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".cite[href^='#']");
  const cited = link && document.querySelector(link.getAttribute("href"));
  if (!cited) return;
  const closed = cited.closest("details");
  if (closed) closed.open = true;
  const moment = cited.matches(".go") ? cited : cited.querySelector(".go");
  setTimeout(() => moment.focus());  // after the jump
});
