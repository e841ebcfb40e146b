// The moments of an answer, in their order.
const all = () => [...document.querySelectorAll(".moments .go, .found .cue-link")];

const isVisible = (link) => !link.closest("details:not([open])");

// The link to a moment of a resource, the nearest one to a second.
export const nearestMoment = (id, seconds) => all().filter((link) => link.dataset.id === id)
  .sort((one, other) => Math.abs(one.dataset.start - seconds) - Math.abs(other.dataset.start - seconds))[0] ?? null;

// The moment that plays before or after another one, if there is one.
export function playableBeside(link, step) {
  const playable = all().filter((each) => each.dataset.play);
  return playable[link ? playable.indexOf(link) + step : 0] ?? null;
}

// Move the focus to the moment before or after the one that has it.
export function focusBeside(step) {
  const visible = all().filter(isVisible);
  const focused = document.activeElement;
  const at = visible.findIndex((link) => link === focused || link.closest(".brief li, .title")?.contains(focused));
  const next = at < 0 ? visible[step > 0 ? 0 : -1] : visible[at + step];
  next?.focus();
}
