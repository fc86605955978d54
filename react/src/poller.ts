/** No pause is made longer than this by errors, and no answer is waited for longer. In milliseconds. */
export const LONGEST = 30_000;
/** Between two requests that are made because something may have changed. */
const GAP = 200;

export interface PollerOptions<T> {
    read: (signal: AbortSignal) => Promise<T>;
    /** Milliseconds between an answer and the next request; null where there is nothing left to ask. */
    pause: (answer: T) => number | null;
    /** The pause after an error, before it doubles. */
    interval: () => number;
    /** `wasTimed`: the pause was over, and nothing hinted at a change. */
    onAnswer: (answer: T, wasTimed: boolean) => void;
    onError: (error: Error) => void;
}

/**
 * Asks again and again, never twice at a time, until there is nothing left to ask. It rests while the page is hidden,
 * and doubles its pause with each error in a row. After `stop` nothing is told any more.
 */
export class Poller<T> {
    readonly #options: PollerOptions<T>;
    #request: AbortController | null = null;
    #timer: ReturnType<typeof setTimeout> | undefined;
    #answer: { value: T } | null = null;
    #askedAt = 0;
    #answeredAt = 0;
    #failures = 0;
    #isHinted = false;
    #isStopped = false;

    constructor(options: PollerOptions<T>) {
        this.#options = options;
    }

    start(): void {
        document.addEventListener("visibilitychange", this.#wake);
        window.addEventListener("online", this.#wake);
        this.#ask();
    }

    stop(): void {
        this.#isStopped = true;
        document.removeEventListener("visibilitychange", this.#wake);
        window.removeEventListener("online", this.#wake);
        clearTimeout(this.#timer);
        this.#request?.abort();
        this.#request = null;
    }

    /** Something may have changed: asks as soon as may be, after the request that is under way. */
    hint(): void {
        if (this.#isStopped || document.hidden) return;
        if (this.#request !== null) this.#isHinted = true;
        else this.#askIn(this.#askedAt + GAP - performance.now(), false);
    }

    /** The pause may be another one now. */
    reschedule(): void {
        clearTimeout(this.#timer);
        if (this.#isStopped || this.#request !== null || document.hidden) return;
        const pause = this.#pause();
        if (pause !== null) this.#askIn(this.#answeredAt + pause - performance.now(), true);
    }

    /** Forgets what was answered, gives up what is under way, and asks. */
    restart(): void {
        if (this.#isStopped) return;
        this.#answer = null;
        this.#failures = 0;
        this.#request?.abort();
        this.#ask();
    }

    readonly #wake = (): void => {
        if (document.hidden) clearTimeout(this.#timer);
        else if (this.#request === null && this.#pause() !== null) this.hint();
    };

    #pause(): number | null {
        const interval = this.#options.interval();
        if (this.#failures > 0) return Math.max(interval, Math.min(interval * 2 ** this.#failures, LONGEST));
        return this.#answer === null ? interval : this.#options.pause(this.#answer.value);
    }

    #askIn(wait: number, isTimed: boolean): void {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(
            () => {
                this.#ask(isTimed);
            },
            Math.max(0, wait),
        );
    }

    #ask(isTimed = false): void {
        clearTimeout(this.#timer);
        const request = new AbortController();
        this.#request = request;
        this.#askedAt = performance.now();
        this.#isHinted = false;
        const limit = setTimeout(() => {
            settle(() => {
                this.#fail(new Error(`No answer came within ${String(LONGEST / 1000)} seconds`));
            });
            request.abort();
        }, LONGEST);
        request.signal.addEventListener("abort", () => {
            clearTimeout(limit);
        });
        // An answer that comes when another request has taken the place of its own is none.
        const settle = (tell: () => void): void => {
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
            (reason: unknown) => {
                settle(() => {
                    this.#fail(reason instanceof Error ? reason : new Error(String(reason)));
                });
            },
        );
    }

    async #read(signal: AbortSignal): Promise<T> {
        return this.#options.read(signal);
    }

    #fail(error: Error): void {
        this.#failures += 1;
        this.#options.onError(error);
    }
}
