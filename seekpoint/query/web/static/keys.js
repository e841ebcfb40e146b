// From the box into the moments and on, by arrow keys.
import { closePanel, isOpen } from "./panel.js";

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isOpen()) {
    event.preventDefault();
    closePanel();
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const stops = [document.getElementById("q"), ...document.querySelectorAll(".moment .go")].filter(Boolean);
  const at = stops.indexOf(document.activeElement);
  if (at < 0 || stops.length < 2) return;
  const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});
