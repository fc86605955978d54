// Relative times, kept up to date.
const UNITS = [[31536000, "y"], [2592000, "mo"], [86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

export function ago(at, now) {
  const seconds = (now - at) / 1000;
  const far = Math.abs(seconds);
  if (far < 2) return "just now";
  const [unit, name] = UNITS.find(([length]) => far >= length);
  const shown = `${Math.floor(far / unit)} ${name}`;
  return seconds > 0 ? `${shown} ago` : `in ${shown}`;
}

export function keepTimes() {
  // By the server's clock: that of the visitor may be wrong.
  const told = document.querySelector("[data-now]");
  const skew = told ? Date.parse(told.dataset.now) - Date.now() : 0;
  setInterval(() => {
    if (document.hidden) return;
    const now = Date.now() + skew;
    for (const time of document.querySelectorAll("time[datetime]")) {
      const text = ago(Date.parse(time.dateTime), now);
      if (time.textContent !== text) time.textContent = text;
    }
  }, 1000);
}
