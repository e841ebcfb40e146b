// Answers while a question is typed, where the server gives them at once.
import { addressOf, ask } from "./answers.js";

// Milliseconds: after this long without a key an answer is asked for, unless the last ones all took longer than AT_ONCE.
const PAUSE = 250, AT_ONCE = 50;
const FEWEST = 3, FEWEST_UNSPACED = 2, LAST = 3;
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/u;
let waiting = 0, times = [];

const isEnough = (typed) => typed.length >= (UNSPACED.test(typed) ? FEWEST_UNSPACED : FEWEST);

async function answer() {
  const form = document.getElementById("ask"), typed = form?.elements.q.value.trim() ?? "";
  if (!isEnough(typed) || isSlow()) return;
  const address = addressOf(form);
  await ask(address, { isTyping: true });
  times = [lastRequest(address), ...times].slice(0, LAST);
}

const isSlow = () => times.length === LAST && Math.min(...times) > AT_ONCE;

// How long the server took for an address.
function lastRequest(address) {
  const timings = performance.getEntriesByName(new URL(address, location.href).href, "resource");
  const last = timings.at(-1);
  return last ? last.responseStart - last.requestStart : 0;
}

function restart(event) {
  if (event.target.id !== "q" || event.isComposing) return;
  clearTimeout(waiting);
  waiting = setTimeout(answer, PAUSE);
}

document.addEventListener("input", restart);
document.addEventListener("compositionend", restart);
for (const left of ["submit", "popstate"]) addEventListener(left, () => clearTimeout(waiting));
