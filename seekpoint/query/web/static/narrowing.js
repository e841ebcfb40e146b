// Narrowing and sorting the reading list. The server says which entries are meant, since it folds letters, knows both
// scripts of Chinese, and looks for the words in each of the page's languages.
import { faultOf, fetched } from "./fetched.js";
import { tell } from "./toast.js";
import { fill } from "./words.js";

const PAUSE_MS = 150;
const box = document.getElementById("narrow"), sort = document.getElementById("sort");
let asking = 0, typing = 0;

// The server looks through a list of which the page shows a part.
export const isWhole = box && box.form.dataset.cut === undefined;

const addressOf = (entry) => entry.querySelector(".name").getAttribute("href");

// Where the entries that the server finds lead; null where it doesn't say.
async function found(wanted) {
  const parsed = await fetched(`/list?${new URLSearchParams({ narrow: wanted })}`);
  if (parsed?.querySelector("main.listing")) return new Set([...parsed.querySelectorAll(".entry")].map(addressOf));
  if (parsed) tell(faultOf(parsed) || parsed.title);
  return null;
}

export async function narrow() {
  const turn = ++asking, wanted = box.value.trim();
  const meant = wanted ? await found(wanted) : null;
  if (turn === asking && (meant || !wanted)) show(meant);
}

function show(meant) {
  const entries = [...document.querySelectorAll(".entry")];
  for (const entry of entries) entry.classList.toggle("faint", Boolean(meant) && !meant.has(addressOf(entry)));
  const counted = (n, total) => fill(box.dataset.some, { n, total });
  for (const list of document.querySelectorAll("ul.entries")) {
    const count = list.previousElementSibling?.querySelector(".count");
    if (!count) continue;
    count.dataset.all ??= count.textContent;
    const own = list.querySelectorAll(".entry:not(.faint)").length;
    count.textContent = meant ? counted(own, list.children.length) : count.dataset.all;
  }
  const shown = entries.filter((entry) => !entry.matches(".faint")).length;
  document.querySelector(".narrowed").textContent = meant ? counted(shown, entries.length) : "";
}

function typed(event) {
  if (event.isComposing) return;
  clearTimeout(typing);
  typing = setTimeout(narrow, PAUSE_MS);
}

if (box) {
  sort.addEventListener("change", () => {
    if (!box.value) box.removeAttribute("name");
    sort.form.submit();
  });
}
if (isWhole) {
  sort.form.querySelector("button").hidden = true;
  box.addEventListener("input", typed);
  box.addEventListener("compositionend", typed);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}
