// The cue that is being said, in view where the reader wants that.
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function follower(cues, scroller, wanted) {
  const starts = cues.map((cue) => Number(cue.dataset.start));
  let shown = null;
  const far = (distance) => Math.abs(distance) > scroller.clientHeight;
  return (seconds) => {
    let low = 0, high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= seconds + 0.2) low = middle + 1; else high = middle;
    }
    const cue = cues[Math.max(0, low - 1)];
    if (!cue || cue === shown) return;
    shown?.classList.remove("here");
    shown?.removeAttribute("aria-current");
    cue.classList.add("here");
    cue.setAttribute("aria-current", "true");
    shown = cue;
    if (!wanted()) return;
    const distance = cue.getBoundingClientRect().top - scroller.getBoundingClientRect().top - scroller.clientHeight / 3;
    scroller.scrollBy({ top: distance, behavior: calm.matches || far(distance) ? "instant" : "smooth" });
  };
}
