// Filtering, sorting and folding the reading list. The server says which entries are meant, since it folds letters, knows
// both scripts of Chinese, and looks for the words in each of the page's languages.
import { faultOf, fetched } from "./fetched.js";
import { remember, remembered } from "./settings.js";
import { tell } from "./toast.js";
import { words } from "./words.js";

const PAUSE_MS = 150;
const form = document.querySelector("form.tools"), fold = form?.querySelector(".fold");
const folded = new Set(JSON.parse(remembered("folded") ?? "[]"));
let asking = 0, typing = 0;

const sections = () => [...document.querySelectorAll("details.section")];

const isUnfolded = () => sections().some((section) => section.open && section.matches(".list > *"));

const nameOf = (section) => {
  const above = section.parentElement.closest("details.section");
  return `${above ? nameOf(above) : ""}\n${section.querySelector(".heading").firstChild.textContent.trim()}`;
};

// What is folded stays so, but where something is looked for.
function refold() {
  const isWhole = !form.querySelector(".narrowed a");
  for (const section of sections()) section.open = !(isWhole && folded.has(nameOf(section)));
  fold.hidden = !isWhole || sections().length < 2;
}

function toggled({ target }) {
  if (!target.matches?.("details.section")) return;
  fold.dataset.fold ??= fold.textContent;
  fold.textContent = isUnfolded() ? fold.dataset.fold : fold.dataset.unfold;
  if (fold.hidden) return;
  folded[target.open ? "delete" : "add"](nameOf(target));
  remember("folded", JSON.stringify([...folded]));
}

// Show the list at an address in the place of the one that is shown.
export async function renew(address) {
  const turn = ++asking, parsed = await fetched(address), fresh = parsed?.querySelector("main.listing");
  if (turn !== asking) return;
  if (!fresh) {
    if (parsed) tell(faultOf(parsed) || parsed.title);
    else form.querySelector(".narrowed").textContent = words.failed;
    return;
  }
  history.replaceState(history.state, "", address);
  form.querySelector(".narrowed").replaceChildren(...fresh.querySelector(".narrowed").childNodes);
  for (const part of [".list", ".summary", ".retries", ".sources ul"]) {
    document.querySelector(part)?.replaceWith(fresh.querySelector(part) ?? "");
  }
  refold();
}

function filter() {
  clearTimeout(typing);
  const given = [...new FormData(form)].filter(([name, value]) => value.trim() && `${name}=${value}` !== "sort=list");
  renew(`/list${given.length ? "?" : ""}${new URLSearchParams(given)}`);
}

function typed(event) {
  if (event.isComposing) return;
  clearTimeout(typing);
  typing = setTimeout(filter, event.target.matches("[type=search]") ? PAUSE_MS : 0);
}

if (form) {
  form.querySelector("[type=submit]").hidden = true;
  form.addEventListener("input", typed);
  form.addEventListener("compositionend", typed);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    filter();
  });
  document.addEventListener("toggle", toggled, true);
  fold.addEventListener("click", () => {
    const isOpen = !isUnfolded();
    for (const section of sections()) section.open = isOpen;
  });
  refold();
}
