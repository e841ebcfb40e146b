// A transcript: the cue that is being said, in view where the reader wants that, and one tab stop for all cues.
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// A function that highlights what is said at a second, in each language.
export function follower(root, scroller, wanted) {
  const cues = [...root.querySelectorAll(".cue")];
  const own = track(cues.filter((cue) => !cue.closest(".other")));
  const other = track(cues.filter((cue) => cue.closest(".other")));
  makeOneStop(root, cues);
  return (seconds) => {
    other(seconds);
    const cue = own(seconds);
    if (!cue) return;
    if (!root.contains(document.activeElement)) moveStop(root, cue);
    if (scroller && wanted()) bringIntoView(cue, scroller);
  };
}

// A function that highlights what begins at a second or last before it, and gives it where it is another than before.
// It counts as begun some seconds `early`, since players start at whole seconds.
export function track(cues, early = 0.2) {
  const starts = cues.map((cue) => Number(cue.dataset.start));
  let shown = null;
  return (seconds) => {
    let low = 0, high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= seconds + early) low = middle + 1; else high = middle;
    }
    const cue = cues[Math.max(0, low - 1)];
    if (!cue || cue === shown) return null;
    shown?.classList.remove("here");
    shown?.removeAttribute("aria-current");
    cue.classList.add("here");
    cue.setAttribute("aria-current", "true");
    shown = cue;
    return cue;
  };
}

function bringIntoView(cue, scroller) {
  const distance = cue.getBoundingClientRect().top - scroller.getBoundingClientRect().top - scroller.clientHeight / 3;
  const isFar = Math.abs(distance) > scroller.clientHeight;
  scroller.scrollBy({ top: distance, behavior: calm.matches || isFar ? "instant" : "smooth" });
}

export function makeOneStop(root, cues = [...root.querySelectorAll(".cue")]) {
  for (const cue of cues) cue.tabIndex = -1;
  const first = root.querySelector(".cue.here") ?? cues[0];
  if (first) first.tabIndex = 0;
  root.addEventListener("keydown", (event) => {
    const next = neighbour(cues, event);
    if (!next) return;
    event.preventDefault();
    moveStop(root, next);
    next.focus();
  });
}

function neighbour(cues, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !event.target.matches(".cue")) return null;
  if (event.key === "Home") return cues[0];
  if (event.key === "End") return cues.at(-1);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  return step ? cues[cues.indexOf(event.target) + step] : null;
}

function moveStop(root, cue) {
  for (const stop of root.querySelectorAll(".cue[tabindex='0']")) stop.tabIndex = -1;
  cue.tabIndex = 0;
}
