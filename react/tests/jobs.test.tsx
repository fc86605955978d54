import { renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { DataqueueProvider, useJobs, type JobData } from "../src/index.js";
import { Dashboard } from "./dashboard.js";

let dashboard: Dashboard;

beforeEach(async () => {
    dashboard = await Dashboard.start();
});

afterEach(async () => {
    await dashboard.stop();
});

const follow = (which: () => Parameters<typeof useJobs>[0], options: Parameters<typeof useJobs>[1] = {}) =>
    renderHook(() => useJobs(which(), options), {
        wrapper: ({ children }) => (
            <DataqueueProvider baseUrl={dashboard.url} pollingInterval={5} stream={false}>
                {children}
            </DataqueueProvider>
        ),
    });

const states = (jobs: readonly JobData[]) => jobs.map(({ id, status }) => [id, status]);

it("follows jobs by one request at a time, and asks no more about those that have ended", async () => {
    for (const id of [1, 2, 3]) dashboard.set(id, "processing");
    const [onStatusChange, onComplete, onFailed] = [vi.fn(), vi.fn(), vi.fn()];
    const { result } = follow(() => [3, 1, 2, 1], { onStatusChange, onComplete, onFailed });
    await waitFor(() => {
        expect(states(result.current.jobs)).toEqual([
            [3, "processing"],
            [1, "processing"],
            [2, "processing"],
        ]);
    });
    dashboard.set(1, "completed");
    await waitFor(() => {
        expect(dashboard.asked.at(-1)).toBe("/jobs?ids=3%2C2&limit=2");
    });
    expect(result.current.isDone).toBe(false);
    dashboard.set(2, "cancelled");
    dashboard.set(3, "failed");
    await waitFor(() => {
        expect(result.current.isDone).toBe(true);
    });
    expect(states(result.current.jobs)).toEqual([
        [3, "failed"],
        [1, "completed"],
        [2, "cancelled"],
    ]);
    expect(onComplete.mock.calls.map(([job]) => (job as JobData).id)).toEqual([1]);
    expect(onFailed.mock.calls.map(([job]) => (job as JobData).id)).toEqual([3]);
    expect(onStatusChange).toHaveBeenCalledTimes(3);
    expect(dashboard.asked.every((path) => path.startsWith("/jobs?ids="))).toBe(true);
});

it("waits for an id that is not there yet", async () => {
    dashboard.set(1, "completed");
    const { result } = follow(() => [1, 2]);
    await waitFor(() => {
        expect(dashboard.asked.at(-1)).toBe("/jobs?ids=2&limit=1");
    });
    expect(result.current).toMatchObject({ isDone: false, isLoading: false });
    dashboard.set(2, "completed");
    await waitFor(() => {
        expect(result.current.isDone).toBe(true);
    });
});

it("follows what fits a filter, and waits for the first", async () => {
    dashboard.set(1, "pending", { jobType: "mail", tags: ["a", "b"] });
    const { result } = follow(() => ({ jobType: "report", tags: ["a", "b"], limit: 10 }));
    await waitFor(() => {
        expect(dashboard.asked.length).toBeGreaterThan(2);
    });
    expect(result.current).toMatchObject({ jobs: [], isDone: false, isLoading: false });
    dashboard.set(2, "completed", { jobType: "report", tags: ["b", "a"] });
    await waitFor(() => {
        expect(result.current.isDone).toBe(true);
    });
    expect(states(result.current.jobs)).toEqual([[2, "completed"]]);
    expect(dashboard.asked[0]).toBe("/jobs?jobType=report&tag=a%2Cb&limit=10");
});

it("asks nothing about no jobs", () => {
    expect(follow(() => []).result.current).toMatchObject({ jobs: [], isDone: true, isLoading: false });
    expect(follow(() => null).result.current).toMatchObject({ jobs: [], isDone: false, isLoading: false });
    expect(dashboard.asked).toEqual([]);
});

it("is woken by the events of its jobs", async () => {
    for (const id of [1, 2]) dashboard.set(id, "pending");
    const { result } = follow(() => [1, 2], { stream: true, pollingInterval: 2 ** 31 - 1 });
    await waitFor(() => {
        expect(dashboard.streams).toBe(1);
        expect(dashboard.reads()).toBe(2);
    });
    for (const id of [1, 2]) dashboard.set(id, "completed");
    await waitFor(() => {
        expect(result.current.isDone).toBe(true);
    });
});

it("tells of answers that are no lists, and of jobs that nobody asked for", async () => {
    const wrong = follow(() => [1], {
        jobsFetcher: () => Promise.resolve({ jobs: [] } as unknown as JobData[]),
    });
    await waitFor(() => {
        expect(wrong.result.current.error?.message).toContain("must return an array of jobs");
    });
    dashboard.set(1, "pending");
    const list = vi.spyOn(URLSearchParams.prototype, "get").mockReturnValue(null);
    const old = follow(() => [7]);
    await waitFor(() => {
        expect(old.result.current.error?.message).toContain("does not know ids");
    });
    list.mockRestore();
});

it("refuses more ids than a URL can name", () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect(() => follow(() => Array.from({ length: 201 }, (_, at) => at + 1))).toThrow(
        /at most 200 ids, not 201/,
    );
});
