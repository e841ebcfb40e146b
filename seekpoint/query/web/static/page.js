// Everything here only adds to pages that work without it: playing beside the answer, following along, copying links.
"use strict";
(() => {
  const words = JSON.parse(document.body.dataset.words);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const PLAYER = "https://www.youtube-nocookie.com";
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.setAttribute("role", "status");
  const live = document.createElement("p");
  live.className = "unseen";
  live.setAttribute("role", "status");
  document.body.append(toast, live);
  let fading = 0;

  function tell(text) {
    toast.textContent = text;
    clearTimeout(fading);
    fading = setTimeout(() => { toast.textContent = ""; }, 4000);
  }

  function clock(seconds) {
    const whole = Math.floor(seconds), pad = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
  }

  // What plays: a recording in a media element, or YouTube's player in a frame that is spoken to by messages.

  class Recording {
    constructor(screen, { how, source, title }, existing) {
      this.element = existing ?? Object.assign(document.createElement(how), { controls: true, src: source });
      this.element.setAttribute("aria-label", title);
      if (!existing) screen.replaceChildren(this.element);
      this.element.addEventListener("error", () => tell(words.cant_play));
      this.element.addEventListener("timeupdate", () => this.onTime?.(this.element.currentTime));
    }

    play(seconds) {
      const start = () => {
        this.element.currentTime = seconds;
        this.element.play().catch(() => {});
      };
      if (this.element.readyState >= HTMLMediaElement.HAVE_METADATA) start();
      else {
        this.element.preload = "auto";
        this.element.addEventListener("loadedmetadata", start, { once: true });
      }
    }

    stop() { this.element.pause(); }
  }

  class Tube {
    constructor(screen, { source, title }) {
      this.source = source;
      this.answers = false;
      this.frame = Object.assign(document.createElement("iframe"), {
        title, allow: "autoplay; encrypted-media; picture-in-picture; fullscreen",
        referrerPolicy: "strict-origin-when-cross-origin",
      });
      screen.replaceChildren(this.frame);
      this.frame.addEventListener("load", () => this.say({ event: "listening", id: 1, channel: "widget" }));
      this.hear = (message) => {
        if (message.origin !== PLAYER || message.source !== this.frame.contentWindow) return;
        let said;
        try { said = JSON.parse(message.data); } catch { return; }
        this.answers = true;
        const seconds = said?.info?.currentTime;
        if (typeof seconds === "number") this.onTime?.(seconds);
      };
      addEventListener("message", this.hear);
    }

    say(message) { this.frame.contentWindow?.postMessage(JSON.stringify(message), PLAYER); }

    play(seconds) {
      if (this.answers) {
        this.say({ event: "command", func: "seekTo", args: [seconds, true] });
        this.say({ event: "command", func: "playVideo", args: [] });
        return;
      }
      const wanted = new URLSearchParams({
        start: Math.floor(seconds), autoplay: 1, rel: 0, enablejsapi: 1, origin: location.origin,
      });
      this.frame.src = `${PLAYER}/embed/${this.source}?${wanted}`;
    }

    stop() {
      removeEventListener("message", this.hear);
      this.frame.remove();
    }
  }

  const playerOf = (screen, what, existing) =>
    what.how === "youtube" ? new Tube(screen, what) : new Recording(screen, what, existing);

  // The cue that is being said, in view where the reader wants that.

  function follower(cues, scroller, wanted) {
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

  const described = (element) => ({
    how: element.dataset.play, source: element.dataset.source, title: element.dataset.title,
    language: element.dataset.language, page: element.dataset.page,
  });

  // The panel beside the answers.

  const panel = document.getElementById("player");
  let playing = null, opener = null;

  async function showTranscript(what, player, seconds) {
    const holder = panel.querySelector(".player-transcript");
    holder.replaceChildren();
    const parsed = await fetched(what.page);
    const found = parsed?.getElementById("transcript");
    if (!found || playing?.player !== player) return;
    found.removeAttribute("id");
    found.querySelectorAll("[id]").forEach((element) => element.removeAttribute("id"));
    found.querySelectorAll(".here").forEach((element) => element.classList.remove("here"));
    holder.replaceChildren(document.adoptNode(found));
    const wanted = panel.querySelector(".follow input");
    player.onTime = follower([...holder.querySelectorAll(".cue")], holder, () => wanted.checked);
    player.onTime(seconds);
  }

  function play(link, what, seconds) {
    if (playing?.what.how === what.how && playing.what.source === what.source && playing.what.language === what.language) {
      playing.player.play(seconds);
    } else {
      playing?.player.stop();
      panel.hidden = false;
      panel.querySelector(".player-title").textContent = what.title;
      const player = playerOf(panel.querySelector(".screen"), what);
      playing = { what, player };
      player.play(seconds);
      showTranscript(what, player, seconds);
    }
    document.querySelectorAll(".moment.playing").forEach((moment) => moment.classList.remove("playing"));
    link.closest(".moment")?.classList.add("playing");
    opener = link;
    live.textContent = fill(words.playing, { title: what.title, time: clock(seconds) });
  }

  function closePanel() {
    if (!panel || panel.hidden) return;
    playing?.player.stop();
    playing = null;
    panel.hidden = true;
    panel.querySelector(".screen").replaceChildren();
    document.querySelectorAll(".moment.playing").forEach((moment) => moment.classList.remove("playing"));
    if (opener?.isConnected) opener.focus();
  }

  panel?.querySelector(".close").addEventListener("click", closePanel);

  // A resource's own page.

  const here = document.querySelector(".screen.here");
  let own = null;

  function ownPlayer() {
    if (!own) {
      own = playerOf(here, described(here), here.querySelector("audio, video"));
      own.onTime = follower([...document.querySelectorAll("#transcript .cue")], null, () => false);
    }
    return own;
  }

  if (here?.querySelector("audio, video")) ownPlayer();

  // Answers in place, so that what plays goes on playing.

  async function fetched(address) {
    try {
      const response = await fetch(address, { headers: { Accept: "text/html" } });
      return new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      tell(words.failed);
      return null;
    }
  }

  let asking = 0;
  let shown = location.pathname + location.search;

  async function ask(address, remember) {
    const turn = ++asking;
    document.body.classList.add("busy");
    const parsed = await fetched(address);
    if (turn !== asking) return;
    document.body.classList.remove("busy");
    const form = document.getElementById("ask"), results = document.getElementById("results");
    const newForm = parsed?.getElementById("ask"), newResults = parsed?.getElementById("results");
    if (!newForm || !newResults) {
      if (parsed) location.assign(address);
      return;
    }
    if (remember) history.pushState(null, "", address);
    shown = location.pathname + location.search;
    document.title = parsed.title;
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

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const copy = event.target.closest(".copy");
    if (copy) {
      const address = new URL(copy.dataset.link, location.href).href;
      (navigator.clipboard?.writeText(address) ?? Promise.reject()).then(() => tell(words.copied), () => tell(words.copy_failed));
      return;
    }
    const link = event.target.closest("a");
    if (!link) return;
    if (link.matches(".ask-link") && document.getElementById("ask")) {
      event.preventDefault();
      ask(link.getAttribute("href"), true);
      return;
    }
    const seconds = link.dataset.start;
    if (seconds === undefined) return;
    const within = link.closest("[data-play]");
    if (here && (link.closest("#transcript, .cue-link, .screen.here"))) {
      event.preventDefault();
      ownPlayer().play(Number(seconds));
      own.onTime(Number(seconds));
    } else if (panel && within) {
      event.preventDefault();
      play(link, described(within), Number(seconds));
    } else if (panel && playing && link.closest(".player-transcript")) {
      event.preventDefault();
      playing.player.play(Number(seconds));
      playing.player.onTime?.(Number(seconds));
    }
  });

  // From the box into the moments and on, by arrow keys.

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel && !panel.hidden) {
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

  function enhance(root) {
    root.querySelectorAll(".copy").forEach((button) => { button.hidden = false; });
  }
  enhance(document);
})();
