// What plays: a recording in a media element, or YouTube's player in a frame that is spoken to by messages.
import { tell } from "./toast.js";
import { words } from "./words.js";

const PLAYER = "https://www.youtube-nocookie.com";

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

export const playerOf = (screen, what, existing) =>
  what.how === "youtube" ? new Tube(screen, what) : new Recording(screen, what, existing);

export const described = (element) => ({
  how: element.dataset.play, source: element.dataset.source, title: element.dataset.title,
  language: element.dataset.language, page: element.dataset.page,
});
