// Keeping in place: what a form would load is fetched, and the part that changed is taken from it.
import { faultOf, fetched } from "./fetched.js";
import { announce, tell } from "./toast.js";

async function change(form) {
  const part = form.closest("[id].keeping, .keepsakes");
  const parsed = await fetched(form.getAttribute("action"), new URLSearchParams(new FormData(form)));
  if (!parsed) return;
  const fault = faultOf(parsed), fresh = parsed.getElementById(part.id);
  if (fault || !fresh) {
    tell(fault || parsed.title);
    return;
  }
  const said = form.dataset.keep, note = form.querySelector("textarea")?.id;
  part.replaceWith(document.adoptNode(fresh));
  const first = note ? fresh.querySelector(`.noting:has(#${CSS.escape(note)}) summary`)
    : fresh.matches(".keeping") ? fresh.querySelector(".drop button, .keep button") : fresh;
  (first ?? fresh).focus({ preventScroll: true });
  if (said) tell(said);
  else announce(first?.getAttribute("aria-label") ?? "");
}

document.addEventListener("submit", (event) => {
  if (event.target.dataset.keep === undefined) return;
  event.preventDefault();
  change(event.target);
});
