// Follows what happens to jobs: by the stream where there is one, else by looking every few seconds.
const OFTEN = 3000;
const SELDOM = 15000;
const GATHER = 700;

export function keepLive(refresh) {
  const button = document.querySelector("[data-live-toggle]");
  if (!button) return;
  const word = button.querySelector("[data-live-word]");
  const body = document.body.dataset;
  let on = localStorage.getItem("dataqueue-live") !== "off";
  let stream = null;
  let timer = null;
  let pending = null;

  function show(lost) {
    button.setAttribute("aria-pressed", String(on));
    button.toggleAttribute("data-lost", Boolean(lost));
    word.textContent = !on ? "Paused" : lost ? "Offline" : "Live";
  }

  function look() {
    if (document.hidden) return;
    refresh().then(() => show(false), () => show(true));
  }

  function soon() {
    pending ??= setTimeout(() => {
      pending = null;
      look();
    }, GATHER);
  }

  function every(pause) {
    clearInterval(timer);
    timer = setInterval(look, pause);
  }

  function start() {
    stop();
    if (!on || document.hidden) return;
    every(OFTEN);
    if (body.stream !== "yes") return;
    const job = document.querySelector("[data-job]")?.dataset.job;
    stream = new EventSource(`${body.root}/api/stream${job ? `?jobId=${job}` : ""}`);
    stream.addEventListener("open", () => every(SELDOM));
    stream.addEventListener("job", soon);
    stream.addEventListener("gap", soon);
    stream.addEventListener("error", () => every(OFTEN));
  }

  function stop() {
    clearInterval(timer);
    clearTimeout(pending);
    pending = null;
    stream?.close();
    stream = null;
  }

  button.hidden = false;
  button.addEventListener("click", () => {
    on = !on;
    localStorage.setItem("dataqueue-live", on ? "on" : "off");
    show(false);
    start();
    if (on) look();
  });
  document.addEventListener("visibilitychange", () => {
    start();
    if (on) look();
  });
  addEventListener("pagehide", stop);
  show(false);
  start();
}
