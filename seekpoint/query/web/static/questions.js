// The questions that were asked in this browser, kept there alone.
import { remember, remembered } from "./settings.js";

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
