// The controls of what plays: buttons, the speed, the link to YouTube, and what to do where it doesn't play.
import { elsewhere, playerOf } from "./players.js";
import { remember, remembered } from "./settings.js";
import { clock, fill, words } from "./words.js";

const JUMP = 10;
let active = null;

// The controls on which keys act: of the player beside an answer, or of one that has played.
export const activeControls = () => active;

// A link that leads to YouTube at a second.
const leadTo = (link, address, seconds) => Object.assign(link, {
  href: address, target: "_blank", rel: "noopener",
  textContent: address.startsWith("http") ? fill(words.on_youtube_at, { time: clock(seconds) }) : words.at_source,
});

export class Controls {
  // `step` goes to the moment before (-1) or after (1); without it there are no buttons for that.
  constructor(root, step) {
    this.root = root;
    this.step = step;
    root.addEventListener("play", () => this.use(), true);
    this.actions = {
      previous: () => step(-1), next: () => step(1), toggle: () => this.player?.toggle(),
      back: () => this.jump(-1), forward: () => this.jump(1), before: () => this.jump(-1), after: () => this.jump(1),
    };
    root.querySelector(".controls").hidden = false;
    for (const button of root.querySelectorAll("[data-do]")) {
      button.hidden = !step && ["previous", "next"].includes(button.dataset.do);
      button.addEventListener("click", () => this.actions[button.dataset.do]());
    }
    this.speed = root.querySelector(".speed");
    this.speed.value = remembered("speed") ?? "1";
    if (!this.speed.value) this.speed.value = "1";
    this.speed.addEventListener("change", () => {
      remember("speed", this.speed.value);
      if (this.player) this.player.speed = Number(this.speed.value);
    });
  }

  // Whether there is a moment before and one after.
  allow(previous, next) {
    this.root.querySelector("[data-do=previous]").disabled = !previous;
    this.root.querySelector("[data-do=next]").disabled = !next;
  }

  // A new player for what is described; `onTime` is called with the second that it is at.
  open(what, onTime) {
    this.close();
    const screen = this.root.querySelector(".screen");
    screen.className = `screen ${screen.classList.contains("here") ? "here " : ""}${what.how}`;
    this.what = what;
    this.isUsed = false;
    this.player = playerOf(screen.querySelector(".shown"), what);
    this.player.speed = Number(this.speed.value);
    this.player.onTrouble = (text) => this.warn(text);
    this.player.onPage = (page, pages) => { this.root.querySelector(".turning output").textContent = `${page} / ${pages}`; };
    this.player.onTime = (seconds) => {
      this.point(seconds);
      onTime(seconds);
    };
    if (this.step) active = this;
  }

  play(seconds) { this.go(seconds, "play"); }

  show(seconds) { this.go(seconds, "show"); }

  jump(direction) {
    const { player } = this;
    if (player) this.go(player.beside?.(direction) ?? Math.max(0, player.time + direction * JUMP), this.isUsed ? "play" : "show");
  }

  use() {
    this.isUsed = true;
    active = this;
  }

  go(seconds, how) {
    if (how === "play") this.use();
    this.player[how](seconds);
    this.player.onTime(seconds);
  }

  close() {
    this.player?.stop();
    this.player = null;
    this.warn("");
    if (active === this) active = null;
  }

  // The link to YouTube follows the playback.
  point(seconds) {
    const link = this.root.querySelector(".elsewhere"), address = elsewhere(this.what, seconds);
    if (!link || (!link.hidden && link.href === address)) return;
    link.hidden = !address;
    if (address) leadTo(link, address, seconds);
  }

  warn(text) {
    const trouble = this.root.querySelector(".trouble"), time = this.player?.time;
    trouble.replaceChildren(text);
    const address = text && elsewhere(this.what, time);
    if (address) trouble.append(" ", leadTo(document.createElement("a"), address, time));
  }
}
