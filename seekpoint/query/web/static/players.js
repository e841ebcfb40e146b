// What plays: a recording, here or on the web, in a media element, or YouTube's player in a frame that is spoken to by messages;
// and a PDF, whose pages stand for seconds.
//
// All have play(seconds), show(seconds) without playing, toggle(), stop(), `time` and `speed`. They call onTime(seconds)
// and onTrouble(text), with an empty text where a trouble is over.
import { clock, fill, words } from "./words.js";

const PLAYER = "https://www.youtube-nocookie.com";
const CALL_MS = 500, SILENCE_MS = 8000;
const PLAYS = 1, BUFFERS = 3;
// Firefox and Chromium say so of a file of this server that isn't there, such as "404: Not Found"; of others they say nothing.
const REFUSED = /^\d{3}: |^MEDIA_ELEMENT_ERROR: Format error/;
const NOT_ELSEWHERE = [101, 150, 153], NOT_FOUND = 100;

class Recording {
  wanted = null;

  constructor(screen, { how, source, title, mime }) {
    const isOnWeb = /^https?:/.test(source), preload = isOnWeb ? "none" : "metadata";
    this.element = screen.querySelector("audio, video")
      ?? Object.assign(document.createElement(how), { controls: true, preload, src: source });
    this.isOnWeb = isOnWeb;
    this.element.setAttribute("aria-label", title);
    if (!this.element.isConnected) screen.replaceChildren(this.element);
    this.element.addEventListener("error", () => {
      const told = this.element.error?.message;
      const isThere = told ? !REFUSED.test(told) : !this.element.canPlayType(mime);
      this.onTrouble?.(isThere ? words.cant_play : words.not_there);
    });
    this.element.addEventListener("timeupdate", () => this.onTime?.(this.time));
  }

  get time() { return this.wanted ?? this.element.currentTime; }

  set speed(value) { this.element.defaultPlaybackRate = this.element.playbackRate = value; }

  // Another server is asked for nothing until someone presses play.
  show(seconds, then = null) {
    const isWaiting = this.wanted !== null;
    this.wanted = Math.max(0, seconds);
    this.then = then;
    if (this.element.readyState >= HTMLMediaElement.HAVE_METADATA) {
      this.start();
      return;
    }
    if (!isWaiting) this.element.addEventListener("loadedmetadata", () => this.start(), { once: true });
    if (then || !this.isOnWeb) this.element.preload = "auto";
  }

  start() {
    this.element.currentTime = this.wanted;
    this.wanted = null;
    this.then?.();
  }

  play(seconds) { this.show(seconds, () => { this.element.play().catch(() => {}); }); }

  toggle() {
    if (this.element.paused) this.element.play().catch(() => {});
    else this.element.pause();
  }

  stop() { this.element.pause(); }
}

class Tube {
  constructor(screen, { source, title }) {
    Object.assign(this, { screen, source, title, time: 0, rate: 1, answers: false, isPlaying: false, frame: null });
    this.hear = this.hear.bind(this);
    addEventListener("message", this.hear);
  }

  set speed(value) {
    this.rate = value;
    if (this.answers) this.command("setPlaybackRate", value);
  }

  // YouTube is asked for nothing until someone presses play.
  show(seconds) {
    this.time = Math.max(0, seconds);
    if (this.answers) {
      this.command("seekTo", this.time, true);
      return;
    }
    this.stopWaiting();
    this.frame = null;
    const link = Object.assign(document.createElement("a"), {
      className: "poster", href: watchAddress(this.source, this.time), target: "_blank", rel: "noopener",
      textContent: fill(words.play_from, { title: this.title, time: clock(this.time) }),
    });
    link.dataset.start = this.time;
    this.screen.replaceChildren(link);
  }

  play(seconds) {
    this.time = Math.max(0, seconds);
    if (this.answers) {
      this.command("seekTo", this.time, true);
      this.command("playVideo");
    } else this.load();
  }

  load() {
    this.frame?.remove();
    const wanted = new URLSearchParams({
      start: Math.floor(this.time), autoplay: 1, rel: 0, enablejsapi: 1, origin: location.origin,
    });
    this.frame = Object.assign(document.createElement("iframe"), {
      title: this.title, allow: "autoplay; encrypted-media; picture-in-picture; fullscreen",
      referrerPolicy: "strict-origin-when-cross-origin", src: `${PLAYER}/embed/${this.source}?${wanted}`,
    });
    this.frame.addEventListener("load", () => this.say({ event: "listening" }));
    this.screen.replaceChildren(this.frame);
    this.stopWaiting();
    this.calling = setInterval(() => this.say({ event: "listening" }), CALL_MS);
    this.waiting = setTimeout(() => {
      this.stopWaiting();
      this.onTrouble?.(words.silent);
    }, SILENCE_MS);
  }

  stopWaiting() {
    clearInterval(this.calling);
    clearTimeout(this.waiting);
  }

  greet() {
    this.answers = true;
    this.stopWaiting();
    this.onTrouble?.("");
    this.command("addEventListener", "onError");
    this.speed = this.rate;
  }

  hear({ origin, source, data }) {
    if (origin !== PLAYER || !this.frame || source !== this.frame.contentWindow) return;
    let said;
    try { said = JSON.parse(data); } catch { return; }
    if (!this.answers) this.greet();
    if (said?.event === "onError") this.fail(Number(said.info));
    const { currentTime, playerState } = said?.info ?? {};
    if (typeof playerState === "number") this.isPlaying = playerState === PLAYS || playerState === BUFFERS;
    if (typeof currentTime !== "number") return;
    this.time = currentTime;
    this.onTime?.(currentTime);
  }

  fail(code) {
    this.isPlaying = false;
    const text = NOT_ELSEWHERE.includes(code) ? words.no_embed : code === NOT_FOUND ? words.gone : words.youtube_fault;
    this.onTrouble?.(text);
  }

  toggle() {
    if (!this.answers) this.play(this.time);
    else this.command(this.isPlaying ? "pauseVideo" : "playVideo");
  }

  command(func, ...args) { this.say({ event: "command", func, args }); }

  say(message) {
    this.frame?.contentWindow?.postMessage(JSON.stringify({ id: 1, channel: "widget", ...message }), PLAYER);
  }

  stop() {
    removeEventListener("message", this.hear);
    this.stopWaiting();
    this.frame?.remove();
  }
}

const box = ([left, top, width, height]) => {
  const mark = document.createElement("span"), percent = (share) => `${100 * share}%`;
  Object.assign(mark.style, { left: percent(left), top: percent(top), width: percent(width), height: percent(height) });
  return mark;
};

// The pages of a PDF, which this server draws, with the quote of a moment marked. onPage(page, pages) is called with the one that is shown.
class Paper {
  constructor(screen, { source, title, language, cues }) {
    const [first, stop] = (cues ?? "0-0").split("-");
    Object.assign(this, { screen, source, title, asked: new URLSearchParams({ language, first, stop }), pages: Infinity, turns: 0 });
    if (!screen.querySelector(".sheet")) screen.replaceChildren();
  }

  beside(step) { return Math.min(Math.max(1, this.time + step), this.pages); }

  async show(page) {
    const turn = ++this.turns, isFirst = this.pages === Infinity;
    this.time = Math.max(1, Math.round(page));
    const address = `${this.source}/page/${this.time}`, title = fill(words.page_of_pdf, { title: this.title, n: this.time });
    const answer = await fetch(`${address}?${this.asked}`).catch(() => null);
    if (turn !== this.turns) return;
    if (!answer) {  // the page that was there stays
      this.time = this.shown ?? this.time;
      this.onTrouble?.(words.failed);
      return;
    }
    let drawn, image;
    try {
      drawn = await answer.json();
      image = Object.assign(new Image(), { alt: title, src: `${address}.png?${this.asked}&version=${drawn.version}` });
      await image.decode();
    } catch { image = null; }
    if (turn !== this.turns) return;
    this.onTrouble?.(!image ? words.not_drawn : isFirst && this.asked.get("stop") > 0 && !drawn.marks.length ? words.not_marked : "");
    if (!image) {
      this.screen.replaceChildren();
      return;
    }
    [this.pages, this.shown] = [drawn.pages, this.time];
    this.onPage?.(this.time, this.pages);
    const sheet = Object.assign(document.createElement("div"), { className: "sheet", tabIndex: 0, role: "region", ariaLabel: title });
    const paper = Object.assign(document.createElement("div"), { className: "paper" });
    paper.append(image, ...drawn.marks.map(box));
    sheet.append(paper);
    this.screen.replaceChildren(sheet);
    const mark = paper.querySelector("span");
    if (mark) sheet.scrollTop = mark.offsetTop - sheet.clientHeight / 3;
  }

  play(page) { this.show(page); }

  toggle() {}

  stop() { this.turns++; }
}

const watchAddress = (video, seconds) => `https://www.youtube.com/watch?v=${video}&t=${Math.floor(seconds)}s`;

export const elsewhere = (what, seconds) => what.how === "youtube" ? watchAddress(what.source, seconds)
  : what.how === "pdf" ? `${what.source}#page=${Math.max(1, seconds)}` : null;

// A place in what plays, as screen readers say it.
export const said = (what, seconds) => what.how === "pdf" ? fill(words.page_of_pdf, { title: what.title, n: seconds })
  : fill(words.playing, { title: what.title, time: clock(seconds) });

export const playerOf = (screen, what) => new ({ youtube: Tube, pdf: Paper }[what.how] ?? Recording)(screen, what);

export const described = (element) => ({
  how: element.dataset.play, source: element.dataset.source, mime: element.dataset.mime, id: element.dataset.id, title: element.dataset.title,
  language: element.dataset.language, page: element.dataset.page, cues: element.dataset.cues,
});
