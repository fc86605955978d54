import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Feed } from "../src/feed.js";
import type { JobStatus } from "../src/index.js";
import { watchJobs, type Watch } from "../src/watch.js";

/** A connection that does what a test says, on the clock of the test. */
class Connection extends EventTarget {
    static made: Connection[] = [];
    readonly CLOSED = 2;
    readyState = 0;

    constructor() {
        super();
        Connection.made.push(this);
    }

    tell(name: string, readyState: number, jobId?: number): void {
        this.readyState = readyState;
        this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify({ jobId }) }));
    }

    close(): void {
        this.readyState = 2;
    }
}

let watch: Watch;
let reads: number;
let status: JobStatus;

beforeEach(async () => {
    vi.useFakeTimers();
    vi.stubGlobal("EventSource", Connection);
    Connection.made = [];
    reads = 0;
    status = "pending";
    watch = watchJobs({
        ids: [1],
        interval: () => 1000,
        feed: new Feed("/api/stream", false),
        read: () => {
            reads += 1;
            return Promise.resolve([{ id: 1, status }]);
        },
        onJobs: () => undefined,
        onError: () => undefined,
    });
    await vi.advanceTimersByTimeAsync(0);
});

afterEach(() => {
    watch.stop();
    vi.runAllTimers();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    vi.unstubAllGlobals();
});

async function readsWithin(milliseconds: number): Promise<number> {
    const before = reads;
    await vi.advanceTimersByTimeAsync(milliseconds);
    return reads - before;
}

async function open(): Promise<Connection> {
    const connection = Connection.made.at(-1);
    if (connection === undefined) throw new Error("nobody connected");
    connection.tell("open", 1);
    // What opening asks for comes a little later, and what is asked for next a little later again.
    await vi.advanceTimersByTimeAsync(400);
    return connection;
}

it("polls at the interval until the stream is open, and each thirty seconds from then on", async () => {
    expect(await readsWithin(5000)).toBe(5);
    await open();
    expect(await readsWithin(29_500)).toBe(0);
    expect(await readsWithin(500)).toBe(1);
});

it("polls at the interval while a job runs, whose progress no event tells", async () => {
    const connection = await open();
    status = "processing";
    connection.tell("job", 1, 1);
    expect(await readsWithin(0)).toBe(1);
    expect(await readsWithin(5000)).toBe(5);
});

it("polls at the interval when the connection is lost, and slows down when it is back", async () => {
    const connection = await open();
    connection.tell("error", 0);
    expect(await readsWithin(10_000)).toBe(10);
    await open();
    expect(await readsWithin(20_000)).toBe(0);
});

it("polls on where it is refused, and tries again ever more rarely", async () => {
    const moments: number[] = [];
    for (let n = 1; n <= 6; n += 1) {
        Connection.made.at(-1)?.tell("error", 2);
        const before = performance.now();
        while (Connection.made.length === n) await vi.advanceTimersByTimeAsync(100);
        moments.push(performance.now() - before);
    }
    expect(moments).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000]);
    expect(await readsWithin(5000)).toBe(5);
});

it("does not rely on a stream that held a change back, until it is heard", async () => {
    const connection = await open();
    status = "waiting";
    expect(await readsWithin(30_000)).toBe(1);
    expect(await readsWithin(5000)).toBe(5);
    connection.tell("job", 1, 99);
    expect(await readsWithin(20_000)).toBe(0);
});

it("asks once more where an event came while it was asking, and not for the jobs of others", async () => {
    const connection = await open();
    connection.tell("job", 1, 2);
    expect(await readsWithin(5000)).toBe(0);
    connection.tell("job", 1, 1);
    await vi.advanceTimersByTimeAsync(0);
    connection.tell("job", 1, 1);
    connection.tell("job", 1, 1);
    expect(await readsWithin(199)).toBe(0);
    expect(await readsWithin(1)).toBe(1);
    expect(await readsWithin(5000)).toBe(0);
});

it("closes the stream when the job has ended", async () => {
    const connection = await open();
    status = "completed";
    connection.tell("job", 1, 1);
    await vi.advanceTimersByTimeAsync(1);
    expect(connection.readyState).toBe(2);
    expect(await readsWithin(600_000)).toBe(0);
});
