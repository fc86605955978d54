/** Who wants to hear of jobs. */
export interface Listener {
    ids: readonly number[];
    /** One of the jobs may have changed. */
    onHint: () => void;
    /** Whether the feed can be relied on may have changed. */
    onTurn: () => void;
}

const ALL = "";
const FIRST_RETRY = 1000;
// An API without events answers so for as long as the page is open.
const LAST_RETRY = 300_000;

/**
 * The events of an API, by one connection for all who listen. Browsers open only a few connections to a host, all tabs
 * together, so it is closed while the page is hidden and where nobody listens.
 */
export class Feed {
    readonly #url: string;
    readonly #withCredentials: boolean;
    readonly #listeners = new Set<Listener>();
    #source: EventSource | null = null;
    #heard = ALL;
    #sync: ReturnType<typeof setTimeout> | undefined;
    #retry: ReturnType<typeof setTimeout> | undefined;
    #failures = 0;
    #isOpen = false;
    #isDoubted = false;

    constructor(url: string, withCredentials: boolean) {
        this.#url = url;
        this.#withCredentials = withCredentials;
    }

    /** Whether changes of state can be expected to be told. */
    get isTrusted(): boolean {
        return this.#isOpen && !this.#isDoubted;
    }

    /** Tells a listener from now on, until the function that is returned is called. */
    listen(listener: Listener): () => void {
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
    doubt(): void {
        this.#setDoubted(true);
    }

    readonly #onVisibility = (): void => {
        this.#syncSoon();
    };

    // What is mounted together is heard by one connection, and not by one that each of them opens anew.
    #syncSoon(): void {
        clearTimeout(this.#sync);
        this.#sync = setTimeout(() => {
            this.#toConnection();
        }, 0);
    }

    #toConnection(): void {
        if (this.#listeners.size === 0 || document.hidden) {
            clearTimeout(this.#retry);
            this.#retry = undefined;
            this.#close();
            return;
        }
        const ids = new Set([...this.#listeners].flatMap((listener) => listener.ids));
        const [first] = ids;
        const wanted = ids.size === 1 ? `?jobId=${String(first)}` : ALL;
        const serves = this.#heard === ALL || this.#heard === wanted;
        if (this.#retry !== undefined || (this.#source !== null && serves)) return;
        this.#close();
        this.#open(wanted);
    }

    #open(query: string): void {
        if (typeof EventSource === "undefined") return;
        const source = new EventSource(this.#url + query, { withCredentials: this.#withCredentials });
        this.#source = source;
        this.#heard = query;
        const on = (name: string, act: (event: Event) => void): void => {
            source.addEventListener(name, (event) => {
                if (source === this.#source) act(event);
            });
        };
        on("open", () => {
            this.#isOpen = true;
            this.#failures = 0;
            // What happened before the connection was there is told by nobody else.
            this.#hint(() => true);
        });
        // Some events were left out.
        on("gap", () => {
            this.#hint(() => true);
        });
        for (const name of ["job", "message"]) {
            on(name, (event) => {
                const id = jobId((event as MessageEvent<unknown>).data);
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
    #tryAgain(): void {
        this.#close();
        this.#retry = setTimeout(
            () => {
                this.#retry = undefined;
                this.#toConnection();
            },
            Math.min(FIRST_RETRY * 2 ** this.#failures, LAST_RETRY),
        );
        this.#failures += 1;
    }

    #close(): void {
        const source = this.#source;
        if (source === null) return;
        this.#source = null;
        source.onopen = source.onmessage = source.onerror = null;
        source.close();
        this.#setShut();
    }

    #setShut(): void {
        if (!this.#isOpen) return;
        this.#isOpen = false;
        this.#turn();
    }

    #setDoubted(isDoubted: boolean): void {
        if (this.#isDoubted === isDoubted) return;
        this.#isDoubted = isDoubted;
        this.#turn();
    }

    #hint(concerns: (listener: Listener) => boolean): void {
        for (const listener of this.#listeners) if (concerns(listener)) listener.onHint();
    }

    #turn(): void {
        for (const listener of this.#listeners) listener.onTurn();
    }
}

function jobId(data: unknown): number {
    try {
        return Number((JSON.parse(String(data)) as { jobId?: unknown } | null)?.jobId);
    } catch {
        return NaN;
    }
}

const feeds = new Map<string, Feed>();

/** The one feed of an API. */
export function feedOf(url: string, withCredentials: boolean): Feed {
    const key = `${String(withCredentials)} ${url}`;
    let feed = feeds.get(key);
    if (feed === undefined) feeds.set(key, (feed = new Feed(url, withCredentials)));
    return feed;
}
