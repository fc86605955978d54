// Made from react/src/element.ts by react/scripts/embed.js: edit that, and run `npm run embed`.

// src/feed.ts
var ALL = "";
var FIRST_RETRY = 1e3;
var LAST_RETRY = 3e5;
var Feed = class {
  #url;
  #withCredentials;
  #listeners = /* @__PURE__ */ new Set();
  #source = null;
  #heard = ALL;
  #sync;
  #retry;
  #failures = 0;
  #isOpen = false;
  #isDoubted = false;
  constructor(url, withCredentials) {
    this.#url = url;
    this.#withCredentials = withCredentials;
  }
  /** Whether changes of state can be expected to be told. */
  get isTrusted() {
    return this.#isOpen && !this.#isDoubted;
  }
  /** Tells a listener from now on, until the function that is returned is called. */
  listen(listener) {
    if (this.#listeners.size === 0) document.addEventListener("visibilitychange", this.#onVisibility);
    this.#listeners.add(listener);
    this.#syncSoon();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0)
        document.removeEventListener("visibilitychange", this.#onVisibility);
      this.#syncSoon();
    };
  }
  /**
   * A change was found that an open feed had not told, as behind a proxy that holds events back: it is not relied on
   * until it is heard again.
   */
  doubt() {
    this.#setDoubted(true);
  }
  #onVisibility = () => {
    this.#syncSoon();
  };
  // What is mounted together is heard by one connection, and not by one that each of them opens anew.
  #syncSoon() {
    clearTimeout(this.#sync);
    this.#sync = setTimeout(() => {
      this.#toConnection();
    }, 0);
  }
  #toConnection() {
    if (this.#listeners.size === 0 || document.hidden) {
      clearTimeout(this.#retry);
      this.#retry = void 0;
      this.#close();
      return;
    }
    const ids = new Set([...this.#listeners].flatMap((listener) => listener.ids));
    const [first] = ids;
    const wanted = ids.size === 1 ? `?jobId=${String(first)}` : ALL;
    const serves = this.#heard === ALL || this.#heard === wanted;
    if (this.#retry !== void 0 || this.#source !== null && serves) return;
    this.#close();
    this.#open(wanted);
  }
  #open(query) {
    if (typeof EventSource === "undefined") return;
    const source = new EventSource(this.#url + query, { withCredentials: this.#withCredentials });
    this.#source = source;
    this.#heard = query;
    const on = (name, act) => {
      source.addEventListener(name, (event) => {
        if (source === this.#source) act(event);
      });
    };
    on("open", () => {
      this.#isOpen = true;
      this.#failures = 0;
      this.#hint(() => true);
    });
    on("gap", () => {
      this.#hint(() => true);
    });
    for (const name of ["job", "message"]) {
      on(name, (event) => {
        const id = jobId(event.data);
        this.#setDoubted(false);
        this.#hint((listener) => listener.ids.includes(id));
      });
    }
    on("error", () => {
      if (source.readyState === source.CLOSED) this.#tryAgain();
      this.#setShut();
    });
  }
  // The browser reconnects by itself after a lost connection, but not after an answer that was no stream.
  #tryAgain() {
    this.#close();
    this.#retry = setTimeout(
      () => {
        this.#retry = void 0;
        this.#toConnection();
      },
      Math.min(FIRST_RETRY * 2 ** this.#failures, LAST_RETRY)
    );
    this.#failures += 1;
  }
  #close() {
    const source = this.#source;
    if (source === null) return;
    this.#source = null;
    source.onopen = source.onmessage = source.onerror = null;
    source.close();
    this.#setShut();
  }
  #setShut() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#turn();
  }
  #setDoubted(isDoubted) {
    if (this.#isDoubted === isDoubted) return;
    this.#isDoubted = isDoubted;
    this.#turn();
  }
  #hint(concerns) {
    for (const listener of this.#listeners) if (concerns(listener)) listener.onHint();
  }
  #turn() {
    for (const listener of this.#listeners) listener.onTurn();
  }
};
function jobId(data) {
  try {
    return Number(JSON.parse(String(data))?.jobId);
  } catch {
    return NaN;
  }
}
var feeds = /* @__PURE__ */ new Map();
function feedOf(url, withCredentials) {
  const key = `${String(withCredentials)} ${url}`;
  let feed = feeds.get(key);
  if (feed === void 0) feeds.set(key, feed = new Feed(url, withCredentials));
  return feed;
}

// src/api.ts
var RequestError = class extends Error {
  name = "RequestError";
  /** The status code of the answer. */
  status;
  constructor(message, status) {
    super(message);
    this.status = status;
  }
};
var Api = class {
  #root;
  #credentials;
  constructor(baseUrl, credentials = "same-origin") {
    this.#root = `${baseUrl.replace(/\/+$/, "")}/api`;
    this.#credentials = credentials;
  }
  get feed() {
    return feedOf(`${this.#root}/stream`, this.#credentials === "include");
  }
  async job(id, signal) {
    return (await this.#get(`/jobs/${String(id)}`, signal)).job;
  }
  async jobs(query, signal) {
    const { ids, status, jobType, tags, limit } = query;
    const given = { ids: ids?.join(), status, jobType, tag: tags?.join(), limit: limit?.toString() };
    const params = Object.entries(given).filter(
      (param) => param[1] !== void 0
    );
    const path = `/jobs?${new URLSearchParams(params).toString()}`;
    const { jobs } = await this.#get(path, signal);
    if (ids !== void 0 && jobs.some((job) => !ids.includes(job.id))) {
      throw new RequestError(
        `${this.#root}/jobs does not know ids: use a newer dashboard, or a jobsFetcher`,
        200
      );
    }
    return jobs;
  }
  async #get(path, signal) {
    const url = this.#root + path;
    const answer = await fetch(url, {
      signal,
      credentials: this.#credentials,
      cache: "no-store",
      headers: { accept: "application/json" }
    });
    const body = await answer.json().catch(() => null);
    if (!answer.ok || typeof body !== "object" || body === null) {
      const why = answer.ok ? "something else than JSON" : String(answer.status);
      const said = typeof body?.error === "string" ? `: ${body.error}` : "";
      throw new RequestError(`${url} answered ${why}${said}`, answer.status);
    }
    return body;
  }
};

// src/job.ts
function isFinal(job) {
  return job.status === "completed" || job.status === "cancelled" || job.status === "failed" && (job.nextAttemptAt ?? null) === null;
}
function checkJob(answer) {
  if (typeof answer?.status !== "string") {
    throw new TypeError(
      `A fetcher must return a job, an object with id and status, but it returned ${describe(answer)}. Of an answer such as {job: {…}}, return the job.`
    );
  }
  return answer;
}
function describe(answer) {
  if (Array.isArray(answer)) return "an array";
  if (typeof answer !== "object" || answer === null) return String(answer);
  const keys = Object.keys(answer);
  return keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, 5).join(", ")}`;
}

// src/changes.ts
var Changes = class {
  #seen = /* @__PURE__ */ new Map();
  /**
   * How a job is when it is first seen is no change of its state, but it is told where it has ended: a quick job ends
   * before the first answer.
   */
  tell(job, { onStatus, onComplete, onFailed }) {
    const old = this.#seen.get(job.id);
    const now = { status: job.status, isFinal: isFinal(job) };
    this.#seen.set(job.id, now);
    const isOther = old?.status !== now.status;
    try {
      if (old !== void 0 && isOther) onStatus?.(job, now.status, old.status);
    } finally {
      if (now.isFinal && (isOther || !old.isFinal)) {
        if (now.status === "completed") onComplete?.(job);
        else if (now.status === "failed") onFailed?.(job);
      }
    }
  }
};

// src/settings.ts
var LONGEST_TIMER = 2 ** 31 - 1;
function checkInterval(interval) {
  if (!(interval >= 1 && interval <= LONGEST_TIMER)) {
    throw new RangeError(
      `pollingInterval must be a number of milliseconds from 1 to ${String(LONGEST_TIMER)}, not ${String(interval)}. To stop polling, set enabled to false.`
    );
  }
  return interval;
}
function checkId(id) {
  if (!Number.isSafeInteger(id) || id < 1) {
    throw new RangeError(
      `The id of a job must be a positive integer, not ${JSON.stringify(id)}. While there is none, pass null.`
    );
  }
  return id;
}

// src/element-style.ts
var STYLE = `
:host {
  display: block;
  font: var(--dataqueue-font, 0.875rem / 1.4 system-ui, sans-serif);
  color: var(--dataqueue-text, inherit);
}
:host([hidden]) { display: none; }
[part=head] { display: flex; gap: 0.75em; margin-block-end: 0.375em; }
[part=status] { opacity: 0.75; }
[part=percent] { margin-inline-start: auto; font-variant-numeric: tabular-nums; }
[part=track] {
  block-size: var(--dataqueue-height, 0.5rem);
  border-radius: var(--dataqueue-radius, 999px);
  background: var(--dataqueue-track, color-mix(in srgb, currentColor 15%, transparent));
  overflow: hidden;
}
[part=bar] {
  block-size: 100%;
  inline-size: 0;
  border-radius: inherit;
  background: var(--dataqueue-bar, #2563eb);
  transition: inline-size 0.3s ease-out;
}
:host([status=completed]) [part=bar] { background: var(--dataqueue-completed, #15803d); }
:host([status=failed]) [part=bar] { background: var(--dataqueue-failed, #b91c1c); }
:host([status=cancelled]) [part=bar] { background: var(--dataqueue-cancelled, #6b7280); }
[part=track].unknown [part=bar] { inline-size: 30%; animation: wander 1.5s ease-in-out infinite alternate; }
@keyframes wander { to { margin-inline-start: 70%; } }
@media (prefers-reduced-motion: reduce) {
  [part=bar] { transition: none; }
  [part=track].unknown [part=bar] { inline-size: 100%; opacity: 0.35; animation: none; }
}
@media (forced-colors: active) {
  [part=track] { border: 1px solid CanvasText; }
  [part=bar] { background: Highlight !important; forced-color-adjust: none; }
}
`;

// src/poller.ts
var LONGEST = 3e4;
var GAP = 200;
var Poller = class {
  #options;
  #request = null;
  #timer;
  #answer = null;
  #askedAt = 0;
  #answeredAt = 0;
  #failures = 0;
  #isHinted = false;
  #isStopped = false;
  constructor(options) {
    this.#options = options;
  }
  start() {
    document.addEventListener("visibilitychange", this.#wake);
    window.addEventListener("online", this.#wake);
    this.#ask();
  }
  stop() {
    this.#isStopped = true;
    document.removeEventListener("visibilitychange", this.#wake);
    window.removeEventListener("online", this.#wake);
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = null;
  }
  /** Something may have changed: asks as soon as may be, after the request that is under way. */
  hint() {
    if (this.#isStopped || document.hidden) return;
    if (this.#request !== null) this.#isHinted = true;
    else this.#askIn(this.#askedAt + GAP - performance.now(), false);
  }
  /** The pause may be another one now. */
  reschedule() {
    clearTimeout(this.#timer);
    if (this.#isStopped || this.#request !== null || document.hidden) return;
    const pause = this.#pause();
    if (pause !== null) this.#askIn(this.#answeredAt + pause - performance.now(), true);
  }
  /** Forgets what was answered, gives up what is under way, and asks. */
  restart() {
    if (this.#isStopped) return;
    this.#answer = null;
    this.#failures = 0;
    this.#request?.abort();
    this.#ask();
  }
  #wake = () => {
    if (document.hidden) clearTimeout(this.#timer);
    else if (this.#request === null && this.#pause() !== null) this.hint();
  };
  #pause() {
    const interval = this.#options.interval();
    if (this.#failures > 0) return Math.max(interval, Math.min(interval * 2 ** this.#failures, LONGEST));
    return this.#answer === null ? interval : this.#options.pause(this.#answer.value);
  }
  #askIn(wait, isTimed) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#ask(isTimed);
      },
      Math.max(0, wait)
    );
  }
  #ask(isTimed = false) {
    clearTimeout(this.#timer);
    const request = new AbortController();
    this.#request = request;
    this.#askedAt = performance.now();
    this.#isHinted = false;
    const limit = setTimeout(() => {
      settle(() => {
        this.#fail(new Error(`No answer came within ${String(LONGEST / 1e3)} seconds`));
      });
      request.abort();
    }, LONGEST);
    request.signal.addEventListener("abort", () => {
      clearTimeout(limit);
    });
    const settle = (tell) => {
      clearTimeout(limit);
      if (this.#request !== request) return;
      this.#request = null;
      this.#answeredAt = performance.now();
      try {
        tell();
      } finally {
        this.reschedule();
        if (this.#isHinted && this.#pause() !== null) this.hint();
      }
    };
    void this.#read(request.signal).then(
      (value) => {
        settle(() => {
          this.#answer = { value };
          this.#failures = 0;
          this.#options.onAnswer(value, isTimed && !this.#isHinted);
        });
      },
      (reason) => {
        settle(() => {
          this.#fail(reason instanceof Error ? reason : new Error(String(reason)));
        });
      }
    );
  }
  async #read(signal) {
    return this.#options.read(signal);
  }
  #fail(error) {
    this.#failures += 1;
    this.#options.onError(error);
  }
};

// src/watch.ts
function watchJobs(options) {
  const { ids, read, interval, feed, onJobs, onError } = options;
  let before = [];
  let isInNet = false;
  let silence = null;
  const isOver = (jobs) => jobs.length >= Math.max(1, ids.length) && jobs.every(isFinal);
  const poller = new Poller({
    read: (signal) => read(before, signal),
    interval,
    pause: (jobs) => {
      if (isOver(jobs)) return null;
      isInNet = silence !== null && feed?.isTrusted === true && jobs.every((job) => job.status !== "processing");
      return isInNet ? Math.max(LONGEST, interval()) : interval();
    },
    onAnswer: (jobs, wasTimed) => {
      const wasUntold = wasTimed && isInNet && changed(before, jobs);
      before = jobs;
      listen(!isOver(jobs));
      if (wasUntold) feed?.doubt();
      onJobs(jobs);
    },
    onError
  });
  const listen = (isWanted) => {
    if (!isWanted) {
      silence?.();
      silence = null;
    } else if (silence === null && feed !== null && ids.length > 0) {
      silence = feed.listen({
        ids,
        onHint: () => {
          poller.hint();
        },
        onTurn: () => {
          poller.reschedule();
        }
      });
    }
  };
  listen(true);
  poller.start();
  return {
    refresh: () => {
      before = [];
      poller.restart();
    },
    reschedule: () => {
      poller.reschedule();
    },
    stop: () => {
      listen(false);
      poller.stop();
    }
  };
}
function changed(before, after) {
  const states = new Map(before.map((job) => [job.id, job.status]));
  return after.some((job) => states.get(job.id) !== job.status);
}

// src/element.ts
var Base = typeof HTMLElement === "undefined" ? Object : HTMLElement;
var DataqueueProgress = class extends Base {
  static observedAttributes = ["job-id", "base-url", "label", "interval"];
  #job = null;
  #watch = null;
  #followed = "";
  #changes = null;
  #isPlanned = false;
  #title = part("span", "label");
  #status = part("span", "status");
  #percent = part("span", "percent");
  #track = part("div", "track");
  #bar = part("div", "bar");
  /** The job as it was last read; null before. */
  get job() {
    return this.#job;
  }
  /** The attribute `job-id`. */
  get jobId() {
    const id = this.getAttribute("job-id");
    return id === null || id.trim() === "" ? null : Number(id);
  }
  set jobId(id) {
    setOrRemove(this, "job-id", id);
  }
  /** The attribute `base-url`. */
  get baseUrl() {
    return this.getAttribute("base-url");
  }
  set baseUrl(url) {
    setOrRemove(this, "base-url", url);
  }
  connectedCallback() {
    if (this.shadowRoot === null) this.#build();
    for (const name of ["jobId", "baseUrl"]) {
      if (!Object.hasOwn(this, name)) continue;
      const { [name]: value } = this;
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    this.#plan();
  }
  disconnectedCallback() {
    this.#plan();
  }
  attributeChangedCallback(name) {
    if (name === "label") this.#draw();
    else this.#plan();
  }
  /** Asks at once, and follows the job again where it turns out not to have ended. */
  refresh() {
    this.#watch?.refresh();
  }
  // Attributes change one at a time, and an element that is moved leaves the page for a moment: each counts once.
  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#follow();
    });
  }
  #follow() {
    const wanted = ["job-id", "base-url", "interval"].map((name) => this.getAttribute(name));
    const key = this.isConnected ? JSON.stringify(wanted) : "";
    if (key === this.#followed) return;
    this.#followed = key;
    this.#watch?.stop();
    this.#watch = null;
    if (!this.isConnected) return;
    if (this.#job?.id === this.jobId) this.#draw();
    else this.#show(null);
    const { jobId: jobId2, baseUrl } = this;
    if (jobId2 === null || baseUrl === null) return;
    try {
      this.#watch = this.#begin(checkId(jobId2), new Api(baseUrl), this.#interval());
    } catch (error) {
      this.#tell("dataqueue-error", { error });
    }
  }
  #interval() {
    const interval = this.getAttribute("interval");
    return checkInterval(interval === null ? 1e3 : Number(interval));
  }
  #begin(id, api, interval) {
    if (this.#changes?.id !== id) this.#changes = { id, changes: new Changes() };
    const { changes } = this.#changes;
    return watchJobs({
      ids: [id],
      read: async (_, signal) => [checkJob(await api.job(id, signal))],
      interval: () => interval,
      feed: api.feed,
      onJobs: (jobs) => {
        const job = jobs[0];
        if (job === void 0) return;
        this.#show(job);
        changes.tell(job, {
          onStatus: (job2, status, oldStatus) => {
            this.#tell("dataqueue-status", { job: job2, status, oldStatus });
          },
          onComplete: (job2) => {
            this.#tell("dataqueue-complete", { job: job2 });
          },
          onFailed: (job2) => {
            this.#tell("dataqueue-failed", { job: job2 });
          }
        });
      },
      onError: (error) => {
        this.#tell("dataqueue-error", { error });
      }
    });
  }
  #build() {
    const shadow = this.attachShadow({ mode: "open" });
    if ("adoptedStyleSheets" in shadow) shadow.adoptedStyleSheets = [sheet ??= constructed()];
    const head = part("div", "head");
    head.append(this.#title, this.#status, this.#percent);
    this.#title.id = "label";
    this.#status.setAttribute("role", "status");
    this.#percent.setAttribute("aria-hidden", "true");
    this.#track.append(this.#bar);
    const aria = {
      role: "progressbar",
      "aria-labelledby": "label",
      "aria-valuemin": "0",
      "aria-valuemax": "100"
    };
    for (const [name, value] of Object.entries(aria)) this.#track.setAttribute(name, value);
    shadow.append(head, this.#track);
    this.#draw();
  }
  #show(job) {
    this.#job = job;
    setOrRemove(this, "status", job?.status ?? null);
    this.#draw();
  }
  #draw() {
    const job = this.#job;
    const percent = job === null ? null : percentOf(job);
    const status = job === null ? "" : wordsOf(job);
    const shown = percent === null ? "" : `${String(percent)}%`;
    setText(this.#title, this.getAttribute("label") ?? `Job ${this.getAttribute("job-id") ?? ""}`.trim());
    setText(this.#status, status);
    setText(this.#percent, shown);
    this.#bar.style.inlineSize = shown;
    this.#track.classList.toggle("unknown", percent === null && job?.status === "processing");
    setOrRemove(this.#track, "aria-valuenow", percent);
    setOrRemove(this.#track, "aria-valuetext", [status, shown].filter(Boolean).join(", ") || null);
  }
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
};
function percentOf(job) {
  if (job.status === "completed") return 100;
  return typeof job.progress === "number" ? Math.round(Math.min(100, Math.max(0, job.progress))) : null;
}
function wordsOf(job) {
  return job.status === "failed" && !isFinal(job) ? "failed, will be tried again" : job.status;
}
var sheet;
function constructed() {
  const made = new CSSStyleSheet();
  made.replaceSync(STYLE);
  return made;
}
function part(tag, name) {
  const element = document.createElement(tag);
  element.setAttribute("part", name);
  return element;
}
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
function setOrRemove(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, String(value));
}
if (typeof customElements !== "undefined" && customElements.get("dataqueue-progress") === void 0) {
  customElements.define("dataqueue-progress", DataqueueProgress);
}
export {
  DataqueueProgress
};
