import { Api } from "./api.js";
import { Changes } from "./changes.js";
import { checkJob, isFinal } from "./job.js";
import { checkId, checkInterval } from "./settings.js";
import { STYLE } from "./element-style.js";
import type { JobData, JobStatus } from "./types.js";
import { watchJobs, type Watch } from "./watch.js";

/** What the events of the element tell. All of them bubble, out of shadow trees too. */
export interface DataqueueProgressEventMap {
    /** The status is another one than at the last look. */
    "dataqueue-status": CustomEvent<{ job: JobData; status: JobStatus; oldStatus: JobStatus }>;
    /** The job is seen completed, once. */
    "dataqueue-complete": CustomEvent<{ job: JobData }>;
    /** The job is seen failed with no attempt left, once. */
    "dataqueue-failed": CustomEvent<{ job: JobData }>;
    /** A request failed, or an attribute is wrong. */
    "dataqueue-error": CustomEvent<{ error: Error }>;
}

// There are no elements where pages are made on a server; importing this there is fine all the same.
const Base = typeof HTMLElement === "undefined" ? (Object as unknown as typeof HTMLElement) : HTMLElement;

/**
 * `<dataqueue-progress job-id="7" base-url="/dataqueue">` shows how far a job is, and follows it until it has ended.
 *
 * Attributes: `job-id`; `base-url`, where the dashboard is mounted; `label`, what the bar is called; `interval`, the
 * milliseconds between requests (1000). It sets `status` by itself, for style sheets.
 */
export class DataqueueProgress extends Base {
    static readonly observedAttributes = ["job-id", "base-url", "label", "interval"];

    #job: JobData | null = null;
    #watch: Watch | null = null;
    #followed = "";
    #changes: { id: number; changes: Changes<JobData> } | null = null;
    #isPlanned = false;
    readonly #title = part("span", "label");
    readonly #status = part("span", "status");
    readonly #percent = part("span", "percent");
    readonly #track = part("div", "track");
    readonly #bar = part("div", "bar");

    /** The job as it was last read; null before. */
    get job(): JobData | null {
        return this.#job;
    }

    /** The attribute `job-id`. */
    get jobId(): number | null {
        const id = this.getAttribute("job-id");
        return id === null || id.trim() === "" ? null : Number(id);
    }

    set jobId(id: number | null) {
        setOrRemove(this, "job-id", id);
    }

    /** The attribute `base-url`. */
    get baseUrl(): string | null {
        return this.getAttribute("base-url");
    }

    set baseUrl(url: string | null) {
        setOrRemove(this, "base-url", url);
    }

    connectedCallback(): void {
        if (this.shadowRoot === null) this.#build();
        // What was set before the element was defined hides its accessors.
        for (const name of ["jobId", "baseUrl"] as const) {
            if (!Object.hasOwn(this, name)) continue;
            const { [name]: value } = this;
            Reflect.deleteProperty(this, name);
            Reflect.set(this, name, value);
        }
        this.#plan();
    }

    disconnectedCallback(): void {
        this.#plan();
    }

    attributeChangedCallback(name: string): void {
        if (name === "label") this.#draw();
        else this.#plan();
    }

    /** Asks at once, and follows the job again where it turns out not to have ended. */
    refresh(): void {
        this.#watch?.refresh();
    }

    // Attributes change one at a time, and an element that is moved leaves the page for a moment: each counts once.
    #plan(): void {
        if (this.#isPlanned) return;
        this.#isPlanned = true;
        queueMicrotask(() => {
            this.#isPlanned = false;
            this.#follow();
        });
    }

    #follow(): void {
        const wanted = ["job-id", "base-url", "interval"].map((name) => this.getAttribute(name));
        const key = this.isConnected ? JSON.stringify(wanted) : "";
        if (key === this.#followed) return;
        this.#followed = key;
        this.#watch?.stop();
        this.#watch = null;
        if (!this.isConnected) return;
        if (this.#job?.id === this.jobId) this.#draw();
        else this.#show(null);
        const { jobId, baseUrl } = this;
        if (jobId === null || baseUrl === null) return;
        try {
            this.#watch = this.#begin(checkId(jobId), new Api(baseUrl), this.#interval());
        } catch (error) {
            this.#tell("dataqueue-error", { error: error as Error });
        }
    }

    #interval(): number {
        const interval = this.getAttribute("interval");
        return checkInterval(interval === null ? 1000 : Number(interval));
    }

    #begin(id: number, api: Api, interval: number): Watch {
        if (this.#changes?.id !== id) this.#changes = { id, changes: new Changes() };
        const { changes } = this.#changes;
        return watchJobs<JobData>({
            ids: [id],
            read: async (_, signal) => [checkJob(await api.job(id, signal))],
            interval: () => interval,
            feed: api.feed,
            onJobs: (jobs) => {
                const job = jobs[0];
                if (job === undefined) return;
                this.#show(job);
                changes.tell(job, {
                    onStatus: (job, status, oldStatus) => {
                        this.#tell("dataqueue-status", { job, status, oldStatus });
                    },
                    onComplete: (job) => {
                        this.#tell("dataqueue-complete", { job });
                    },
                    onFailed: (job) => {
                        this.#tell("dataqueue-failed", { job });
                    },
                });
            },
            onError: (error) => {
                this.#tell("dataqueue-error", { error });
            },
        });
    }

    #build(): void {
        const shadow = this.attachShadow({ mode: "open" });
        // A browser that is too old for this draws it plainly.
        if ("adoptedStyleSheets" in shadow) shadow.adoptedStyleSheets = [(sheet ??= constructed())];
        const head = part("div", "head");
        head.append(this.#title, this.#status, this.#percent);
        this.#title.id = "label";
        // A screen reader tells of another status by itself, and of the percents when it is asked.
        this.#status.setAttribute("role", "status");
        this.#percent.setAttribute("aria-hidden", "true");
        this.#track.append(this.#bar);
        const aria = {
            role: "progressbar",
            "aria-labelledby": "label",
            "aria-valuemin": "0",
            "aria-valuemax": "100",
        };
        for (const [name, value] of Object.entries(aria)) this.#track.setAttribute(name, value);
        shadow.append(head, this.#track);
        this.#draw();
    }

    #show(job: JobData | null): void {
        this.#job = job;
        setOrRemove(this, "status", job?.status ?? null);
        this.#draw();
    }

    #draw(): void {
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

    #tell<K extends keyof DataqueueProgressEventMap>(
        name: K,
        detail: DataqueueProgressEventMap[K]["detail"],
    ): void {
        this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
    }
}

function percentOf(job: JobData): number | null {
    if (job.status === "completed") return 100;
    return typeof job.progress === "number" ? Math.round(Math.min(100, Math.max(0, job.progress))) : null;
}

function wordsOf(job: JobData): string {
    return job.status === "failed" && !isFinal(job) ? "failed, will be tried again" : job.status;
}

let sheet: CSSStyleSheet | undefined;

function constructed(): CSSStyleSheet {
    const made = new CSSStyleSheet();
    made.replaceSync(STYLE);
    return made;
}

function part<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    element.setAttribute("part", name);
    return element;
}

function setText(element: HTMLElement, text: string): void {
    if (element.textContent !== text) element.textContent = text;
}

function setOrRemove(element: HTMLElement, name: string, value: string | number | null): void {
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, String(value));
}

declare global {
    interface HTMLElementTagNameMap {
        "dataqueue-progress": DataqueueProgress;
    }
}

if (typeof customElements !== "undefined" && customElements.get("dataqueue-progress") === undefined) {
    customElements.define("dataqueue-progress", DataqueueProgress);
}
