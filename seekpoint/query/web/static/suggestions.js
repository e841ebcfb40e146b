// What is suggested while a question is typed: earlier questions of this browser, titles, headings, chapters, questions.
import { earlierQuestions, forgetQuestions } from "./settings.js";
import { words } from "./words.js";

const PAUSE = 120, MOST_EARLIER = 3, MOST = 5;
let waiting = 0, turn = 0;

const list = () => document.getElementById("suggestions");
const box = () => list() && document.getElementById("q");
const isBox = (event) => Boolean(box()) && event.target === box();
const options = () => [...(list()?.querySelectorAll("[role=option]") ?? [])];
const active = () => list()?.querySelector("[aria-selected=true]");

function close() {
  if (!list()) return;
  turn++;
  clearTimeout(waiting);
  list().hidden = true;
  list().replaceChildren();
  box().setAttribute("aria-expanded", "false");
  box().removeAttribute("aria-activedescendant");
}

function optionOf({ kind, text, href }, number) {
  const option = document.createElement("li");
  option.id = `suggestion-${number}`;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  const said = document.createElement("span"), what = document.createElement("small");
  said.textContent = text;
  said.dir = "auto";
  if (kind !== "forget") what.textContent = words[`suggest_${kind}`];
  option.append(said, what);
  option.dataset.kind = kind;
  if (href) option.dataset.href = href;
  return option;
}

function show(found) {
  if (!found.length || document.activeElement !== box()) return close();
  list().replaceChildren(...found.map(optionOf));
  list().hidden = false;
  box().setAttribute("aria-expanded", "true");
  box().removeAttribute("aria-activedescendant");
}

function earlier(typed) {
  const sought = typed.toLowerCase();
  const found = earlierQuestions().filter((one) => one !== typed && one.toLowerCase().includes(sought)).slice(0, MOST_EARLIER);
  return found.map((text) => ({ kind: "earlier", text }));
}

async function suggest() {
  const typed = box().value.trim(), own = ++turn, asked = earlier(typed);
  if (!typed) return show(asked.length ? [...asked, { kind: "forget", text: words.suggest_forget }] : []);
  let found = [];
  try {
    const response = await fetch(`/api/suggestions?${new URLSearchParams({ q: typed.slice(0, 200), limit: MOST, language: document.documentElement.lang })}`);
    if (response.ok) found = (await response.json()).suggestions;
  } catch { /* without suggestions the question can be asked all the same */ }
  if (own === turn) show([...asked, ...found]);
}

function choose(option) {
  const { kind, href } = option.dataset;
  if (href && kind !== "question") return location.assign(href);
  if (kind === "forget") forgetQuestions();
  else {
    box().value = option.firstChild.textContent;
    box().form.requestSubmit();
  }
  close();
}

function move(step) {
  const all = options(), at = all.indexOf(active());
  active()?.setAttribute("aria-selected", "false");
  const next = all[at < 0 && step < 0 ? all.length - 1 : at + step];
  next?.setAttribute("aria-selected", "true");
  next?.scrollIntoView({ block: "nearest" });
  if (next) box().setAttribute("aria-activedescendant", next.id);
  else box().removeAttribute("aria-activedescendant");
}

// Before other keys of the page, which would leave the box.
document.addEventListener("keydown", (event) => {
  if (!isBox(event) || event.isComposing || list().hidden) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
  else if (event.key === "Enter" && active()) choose(active());
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });

document.addEventListener("input", (event) => {
  if (!isBox(event) || event.isComposing) return;
  clearTimeout(waiting);
  waiting = setTimeout(suggest, PAUSE);
});
document.addEventListener("compositionend", (event) => { if (isBox(event)) suggest(); });
document.addEventListener("click", (event) => { if (isBox(event) && !box().value) suggest(); });
document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest("#suggestions [role=option]");
  if (!option) return;
  event.preventDefault();  // the box keeps the focus
  choose(option);
});
document.addEventListener("focusout", (event) => { if (isBox(event)) close(); });
document.addEventListener("submit", close);
