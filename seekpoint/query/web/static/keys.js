// Keys. None acts while someone types, with a modifier, or in a dialog; the space bar and Enter belong to buttons.
import { activeControls } from "./controls.js";
import { focusBeside } from "./moments.js";
import { closePanel, isOpen, playBeside } from "./panel.js";
import { remember, remembered } from "./settings.js";

const sheet = document.getElementById("keys");
const opener = document.querySelector(".keys-open");
const enabled = document.getElementById("single-keys");
enabled.checked = remembered("keys") !== "off";
enabled.addEventListener("change", () => remember("keys", enabled.checked ? "on" : "off"));
opener.hidden = false;
opener.addEventListener("click", () => sheet.showModal());
sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });

const WRITING = "input:not([type=checkbox]), textarea, [contenteditable]";
const OWN_KEYS = `${WRITING}, select`;
const OWN_SPACE = "button, summary, input[type=checkbox], audio, video, iframe, [role=button]";
const OWN_ARROWS = "audio, video, iframe";

function beside(step) {
  if (isOpen()) playBeside(step);
  else focusBeside(step);
}

// An action of what plays, by a key that belongs to some elements themselves.
const unlessOn = (own, action) => ({ target }) => (activeControls() && !target.closest(own) ? activeControls().actions[action]() : false);

// Each does what its key is for, and says `false` where that is nothing, so that the browser does what it would.
const ACTIONS = {
  "/": () => document.getElementById("q")?.select() ?? document.getElementById("q")?.focus(),
  "?": () => sheet.showModal(),
  j: () => beside(1),
  k: () => beside(-1),
  " ": unlessOn(OWN_SPACE, "toggle"),
  ArrowLeft: unlessOn(OWN_ARROWS, "back"),
  ArrowRight: unlessOn(OWN_ARROWS, "forward"),
};

function fromBox(event) {
  const stops = [document.getElementById("q"), ...document.querySelectorAll(".moment .title .go")].filter(Boolean);
  const at = stops.indexOf(document.activeElement);
  const next = at < 0 ? null : stops[at + (event.key === "ArrowDown" ? 1 : -1)];
  next?.focus();
  return next ? undefined : false;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || sheet.open) return;
  if (event.shiftKey && event.key !== "?") return;
  if (act(event) !== false) event.preventDefault();
});

function act(event) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") return fromBox(event);
  if (event.key === "Escape") return isOpen() && !event.target.closest(WRITING) ? closePanel() : false;
  if (event.target.closest(OWN_KEYS)) return false;
  return enabled.checked && ACTIONS[event.key] ? ACTIONS[event.key](event) : false;
}
