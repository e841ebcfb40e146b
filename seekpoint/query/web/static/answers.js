// Answers in place, so that what plays goes on playing.
import { fetched } from "./fetched.js";
import { summarise } from "./summary.js";

let asking = 0;
let shown = location.pathname + location.search;

export async function ask(address, remember) {
  const turn = ++asking;
  document.body.classList.add("busy");
  const parsed = await fetched(address);
  if (turn !== asking) return;
  document.body.classList.remove("busy");
  const newForm = parsed?.getElementById("ask"), newResults = parsed?.getElementById("results");
  if (!newForm || !newResults) {
    if (parsed) location.assign(address);
    return;
  }
  if (remember) history.pushState(null, "", address);
  shown = location.pathname + location.search;
  document.title = parsed.title;
  replace(newForm, newResults);
}

function replace(newForm, newResults) {
  const form = document.getElementById("ask"), results = document.getElementById("results");
  const focused = form.contains(document.activeElement) ? document.activeElement.name : null;
  const verdict = results.querySelector("[role=status]");
  form.closest("main").className = newForm.closest("main").className;
  form.replaceChildren(...document.adoptNode(newForm).childNodes);
  const newVerdict = newResults.querySelector("[role=status]");
  verdict.className = newVerdict.className;
  verdict.textContent = newVerdict.textContent;
  newVerdict.remove();
  while (verdict.nextSibling) verdict.nextSibling.remove();
  verdict.after(...document.adoptNode(newResults).childNodes);
  enhance(results);
  if (focused) form.elements[focused]?.focus();
  else results.focus({ preventScroll: true });
  if (!focused || focused === "q") scrollTo(0, 0);
}

function addressOf(form) {
  const given = [...new FormData(form)].filter(([, value]) => value !== "");
  return `${form.getAttribute("action")}?${new URLSearchParams(given)}`;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-swap]")) return;
  event.preventDefault();
  ask(addressOf(event.target), true);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-swap]");
  if (form && event.target.matches("select") && form.elements.q.value.trim()) ask(addressOf(form), true);
});

// It fires for a move to another part of the page too.
addEventListener("popstate", () => {
  if (location.pathname + location.search === shown) return;
  if (document.getElementById("ask")) ask(location.href, false);
});

export function enhance(root) {
  root.querySelectorAll(".copy").forEach((button) => { button.hidden = false; });
  summarise();
}
