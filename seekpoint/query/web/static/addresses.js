// The address of a page: the question, and the resource (`play`) and second (`t`) that play beside its answer.

// An address with other parameters; those that are null are left out.
export function changed(address, values) {
  const url = new URL(address, location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}

export const second = (seconds) => String(Number(Number(seconds).toFixed(2)));

export const playingAt = (address, id, seconds) => changed(address, { play: id, t: second(seconds) });
export const withoutPlaying = (address) => changed(address, { play: null, t: null });
export const inLanguage = (address, language) => changed(address, { ui: language });

export function played(address) {
  const given = new URL(address, location.href).searchParams;
  return given.get("play") ? { id: given.get("play"), seconds: Number(given.get("t")) || 0 } : null;
}
