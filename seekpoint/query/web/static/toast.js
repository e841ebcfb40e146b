// Messages that fade, and messages for screen readers alone.
const toast = Object.assign(document.createElement("p"), { className: "toast", role: "status" });
const live = Object.assign(document.createElement("p"), { className: "unseen", role: "status" });
document.body.append(toast, live);
let fading = 0;

export function tell(text) {
  toast.textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => { toast.textContent = ""; }, 4000);
}

export function announce(text) { live.textContent = text; }
