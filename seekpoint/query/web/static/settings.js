// What a reader has chosen and asked, kept in this browser alone, where it allows that.
const PREFIX = "seekpoint.";

export function remembered(name) {
  try { return localStorage.getItem(PREFIX + name); } catch { return null; }
}

export function remember(name, value) {
  try { localStorage.setItem(PREFIX + name, value); } catch { /* then it holds for this page */ }
}

// The questions that were asked, the last one first.
const MOST = 50;

export function earlierQuestions() {
  try {
    const kept = JSON.parse(remembered("questions") ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch { return []; }
}

export function rememberQuestion(question) {
  const asked = question.trim();
  if (asked) remember("questions", JSON.stringify([asked, ...earlierQuestions().filter((one) => one !== asked)].slice(0, MOST)));
}

export const forgetQuestions = () => remember("questions", "[]");
