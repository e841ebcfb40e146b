// Adding to the reading list, and how far a build is.
import { faultOf, fetched } from "./fetched.js";
import { renew } from "./narrowing.js";
import { announce, tell } from "./toast.js";

let watching = null;

const reload = () => (document.querySelector(".tools") ? renew(location.pathname + location.search) : location.assign("/list"));

const made = (name, text) => Object.assign(document.createElement(name), { textContent: text });

function show(holder, progress) {
  holder.hidden = false;
  const bar = holder.querySelector("progress");
  bar.hidden = !progress.is_running;
  bar.max = Math.max(progress.total, 1);
  const done = progress.done + (progress.parts ? progress.part / progress.parts : 0);
  if (done) bar.value = done;
  else bar.removeAttribute("value");  // the bar moves to and fro
  const doing = progress.is_waiting ? bar.dataset.waiting : `${bar.getAttribute("aria-label")} ${progress.title}`;
  holder.querySelector(".building").textContent = progress.is_running ? doing : "";
  holder.querySelector(".outcome").textContent = progress.outcome;
  holder.querySelector(".fault").textContent = progress.error;
  const came = progress.came.map(({ title, href }) => {
    const item = made("li", "");
    item.append(Object.assign(made("a", title), { href, dir: "auto" }));
    return item;
  });
  holder.querySelector(".came").replaceChildren(...came, ...(progress.more_came ? [made("li", progress.more_came)] : []));
  const left = progress.left.map(({ entry, reason, lang }) => {
    const item = made("li", `${entry} `);
    item.append(Object.assign(made("span", reason), { lang }));
    return item;
  });
  holder.querySelector(".left").replaceChildren(...left, ...(progress.more ? [made("li", progress.more)] : []));
  holder.querySelector(".said").replaceChildren(...progress.lines.map((line) => made("li", line)));
}

// What a screen reader says at the end of a build.
const ended = ({ error, outcome, came, more_came: moreCame, left, more }) =>
  [error, outcome, ...came.map(({ title }) => title), moreCame, ...left.map(({ entry, reason }) => `${entry} ${reason}`), more].filter(Boolean).join(" ");

function watch() {
  const holder = document.querySelector(".progress");
  if (!holder || watching) return;
  watching = new EventSource("/add/progress");
  watching.addEventListener("message", (message) => {
    const progress = JSON.parse(message.data);
    const isNew = String(progress.version) !== holder.dataset.version;
    holder.dataset.version = progress.version;
    if (isNew) show(holder, progress);
    if (progress.is_running) return;
    watching.close();
    watching = null;
    if (!isNew) return;
    announce(ended(progress));
    reload();
  });
}

async function add(form, data) {
  const parsed = await fetched(form.getAttribute("action"), form.enctype === "multipart/form-data" ? data : new URLSearchParams(data));
  if (!parsed) return;
  const fault = faultOf(parsed), shown = form.querySelector(".fault");
  if (shown) shown.textContent = fault;
  if (fault) {
    if (!shown) tell(fault);
    else {
      shown.scrollIntoView({ block: "nearest" });
      watch();  // of several addresses or files others may be added
    }
    return;
  }
  form.reset();
  if (form.id === "removal" || form.closest(".menu")) showChange();
  else watch();
}

const names = () => [...document.querySelectorAll(".entry .name")];

// The list after a change in a menu; the focus goes to the entry that stands in the place of one that was removed.
async function showChange() {
  const at = names().indexOf(document.querySelector(".menu[open]")?.closest(".entry")?.querySelector(".name"));
  await reload();
  const next = at < 0 ? document.getElementById("results") : names()[at] ?? names().at(-1);
  next?.focus({ preventScroll: at < 0 });
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest(".menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("submit", (event) => {
  if (event.target.dataset.add === undefined) return;
  event.preventDefault();
  add(event.target, new FormData(event.target, event.submitter));
});

const adding = document.querySelector(".adding"), files = document.querySelector("[data-files]");
if (adding) {
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    if (files) document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    if (!files) {
      tell(adding.dataset.noFiles);
      return;
    }
    const data = new FormData(files);
    data.delete("file");
    for (const file of event.dataTransfer.files) data.append("file", file);
    add(files, data);
  });
  if (document.querySelector(".progress").dataset.running === "yes") watch();
  // Another browser may have started a build meanwhile.
  document.addEventListener("visibilitychange", () => { if (!document.hidden) watch(); });
}
