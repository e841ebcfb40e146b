// Other pages of this server, parsed.
import { tell } from "./toast.js";
import { words } from "./words.js";

// What a page for an error says; nothing of other pages.
export const faultOf = (page) => page.querySelector("main.plain > [role=alert]")?.textContent ?? "";

export async function fetched(address, form) {
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" }, ...(form && { method: "POST", body: form }) });
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    tell(words.failed);
    return null;
  }
}
