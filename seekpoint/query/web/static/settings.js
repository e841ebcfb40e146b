// What a reader has chosen, kept in this browser where it allows that.
const PREFIX = "seekpoint.";

export function remembered(name) {
  try { return localStorage.getItem(PREFIX + name); } catch { return null; }
}

export function remember(name, value) {
  try { localStorage.setItem(PREFIX + name, value); } catch { /* then it holds for this page */ }
}
