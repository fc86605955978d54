// Shows the page as it is now, without a jump: only what differs is replaced, and never what somebody is using.
const PATIENCE = 30000;
let under = null;
let next = null;

export function refresh() {
  if (!under) {
    under = load().finally(() => (under = null));
    return under;
  }
  // What is under way may have been asked for before the change that is to be seen.
  next ??= under
    .catch(() => {})
    .then(() => {
      next = null;
      return refresh();
    });
  return next;
}

async function load() {
  const answer = await fetch(location.href, {
    headers: { "X-Refresh": "1" },
    credentials: "same-origin",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (answer.status === 401 || answer.redirected) return location.reload();
  if (!answer.ok && answer.status >= 500) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const old = document.querySelector(`[data-live="${CSS.escape(fresh.dataset.live)}"]`);
    if (old) merge(old, fresh);
  }
  document.dispatchEvent(new Event("refreshed"));
}

function same(old, fresh) {
  return old.nodeName === fresh.nodeName && (old.dataset?.key ?? "") === (fresh.dataset?.key ?? "");
}

export function merge(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE || "kept" in old.dataset) return;
  if (old.nodeName === "TIME" && old.dateTime === fresh.dateTime) return;
  attributes(old, fresh);
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(old.nodeName)) return;
  const keyed = new Map();
  for (const child of old.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
  let place = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const key = next.dataset?.key;
    const known = key && keyed.get(key);
    if (known && same(known, next)) {
      if (known !== place) old.insertBefore(known, place);
      else place = place.nextSibling;
      merge(known, next);
    } else if (!key && place && !place.dataset?.key && same(place, next)) {
      const here = place;
      place = place.nextSibling;
      merge(here, next);
    } else {
      old.insertBefore(document.importNode(next, true), place);
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function attributes(old, fresh) {
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) {
    // What a visitor opened stays open.
    if (!fresh.hasAttribute(name) && name !== "open" && name !== "aria-busy") old.removeAttribute(name);
  }
}
