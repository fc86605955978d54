import { renderHook } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { DataqueueProvider, useJob, type JobData } from "../src/index.js";
import { Desk, pass } from "./answers.js";
import { setHidden } from "./page.js";

beforeEach(() => {
    vi.useFakeTimers();
});

afterEach(() => {
    setHidden(false);
    vi.useRealTimers();
});

function follow(desk: Desk, initial: Parameters<typeof useJob>[1] & { id?: number | null } = {}) {
    return renderHook(
        ({ id = 7, ...options }: typeof initial) =>
            // A new function with each render, as most callers write it.
            useJob(id, { fetcher: (id, signal) => desk.fetcher(id, signal), ...options }),
        { initialProps: initial },
    );
}

describe("following a job", () => {
    it("asks, waits for the answer, pauses, and stops when the job has ended", async () => {
        const desk = new Desk();
        const { result } = follow(desk);
        expect(result.current).toMatchObject({ data: null, status: null, progress: null, isLoading: true });
        await desk.answer("processing", { progress: 40, reportId: "r1" });
        expect(result.current).toMatchObject({
            status: "processing",
            progress: 40,
            isLoading: false,
            error: null,
        });
        expect(result.current.data).toMatchObject({ reportId: "r1" });
        await pass(999);
        expect(desk.count).toBe(1);
        await pass(1);
        expect(desk.count).toBe(2);
        await desk.answer("completed", { progress: 100 });
        await pass(600_000);
        expect(desk.count).toBe(2);
        expect(result.current.status).toBe("completed");
    });

    it.each(["completed", "cancelled", "failed"] as const)("stops at %s", async (status) => {
        const desk = new Desk();
        follow(desk);
        await desk.answer(status, { nextAttemptAt: null });
        await pass(600_000);
        expect(desk.count).toBe(1);
    });

    it("goes on while a failed job has a retry due", async () => {
        const desk = new Desk();
        const onFailed = vi.fn();
        follow(desk, { onFailed });
        await desk.answer("failed", { nextAttemptAt: "2030-01-01T00:00:00.000Z" });
        await pass(1000);
        expect(desk.count).toBe(2);
        expect(onFailed).not.toHaveBeenCalled();
        await desk.answer("failed");
        expect(onFailed).toHaveBeenCalledOnce();
        await pass(600_000);
        expect(desk.count).toBe(2);
    });

    it("never asks twice at a time, however slow the answer", async () => {
        const desk = new Desk();
        follow(desk, { pollingInterval: 10 });
        await pass(20_000);
        expect(desk.count).toBe(1);
    });

    it("asks as often with a thousand renders as with one", async () => {
        const desk = new Desk();
        const { rerender } = follow(desk);
        await desk.answer("processing");
        for (let n = 0; n < 1000; n += 1) rerender({ onStatusChange: () => n });
        await pass(1000);
        expect(desk.count).toBe(2);
    });

    it("renders nothing anew when nothing has changed", async () => {
        const desk = new Desk();
        let renders = 0;
        const { result } = renderHook(() => {
            renders += 1;
            return useJob(7, { fetcher: desk.fetcher });
        });
        await desk.answer("processing", { progress: 5, tags: ["a"], payload: { to: ["b", null] } });
        const [before, data] = [renders, result.current.data];
        await pass(1000);
        await desk.answer("processing", { progress: 5, tags: ["a"], payload: { to: ["b", null] } });
        expect([renders, result.current.data]).toEqual([before, data]);
        expect(result.current.data).toBe(data);
        await pass(1000);
        await desk.answer("processing", { progress: 5, tags: ["a"], payload: { to: ["c", null] } });
        expect(result.current.data?.["payload"]).toEqual({ to: ["c", null] });
    });

    it("takes another interval over while it pauses", async () => {
        const desk = new Desk();
        const { rerender } = follow(desk, { pollingInterval: 60_000 });
        await desk.answer("pending");
        await pass(400);
        rerender({ pollingInterval: 500 });
        expect(desk.count).toBe(1);
        await pass(100);
        expect(desk.count).toBe(2);
    });
});

describe("a component that comes and goes", () => {
    it("aborts what is under way, and leaves neither timers nor listeners", async () => {
        const desk = new Desk();
        const add = vi.spyOn(document, "addEventListener");
        const remove = vi.spyOn(document, "removeEventListener");
        const { result, unmount } = follow(desk);
        unmount();
        expect(desk.asked[0]?.signal.aborted).toBe(true);
        await desk.answer("completed");
        expect(result.current.status).toBeNull();
        expect(vi.getTimerCount()).toBe(0);
        const ours = (calls: unknown[][]) => calls.filter(([name]) => name === "visibilitychange");
        expect(ours(add.mock.calls).length).toBeGreaterThan(0);
        expect(ours(remove.mock.calls)).toEqual(ours(add.mock.calls));
    });

    it("works in strict mode, and tells an end once there", async () => {
        const desk = new Desk();
        const onComplete = vi.fn();
        const { result } = renderHook(() => useJob(7, { fetcher: desk.fetcher, onComplete }), {
            wrapper: StrictMode,
        });
        expect(desk.asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
        await desk.answerAt(0, "failed");
        expect(result.current.status).toBeNull();
        await desk.answer("completed");
        expect(result.current.status).toBe("completed");
        expect(onComplete).toHaveBeenCalledOnce();
    });

    it("ignores the answer about a job that it does not follow any more", async () => {
        const desk = new Desk();
        const onComplete = vi.fn();
        const { result, rerender } = follow(desk, { id: 1, onComplete });
        await desk.answer("processing", { progress: 90 });
        await pass(1000);
        rerender({ id: 2, onComplete });
        expect(result.current).toMatchObject({ data: null, progress: null, isLoading: true });
        expect(desk.asked.map(({ id }) => id)).toEqual([1, 1, 2]);
        await desk.answer("processing", { progress: 5 });
        await desk.answerAt(1, "completed");
        expect(result.current).toMatchObject({ status: "processing", progress: 5 });
        expect(onComplete).not.toHaveBeenCalled();
    });

    it("asks nothing without an id, and begins when there is one", async () => {
        const desk = new Desk();
        const { result, rerender } = follow(desk, { id: null });
        await pass(10_000);
        expect(desk.count).toBe(0);
        expect(result.current.isLoading).toBe(false);
        rerender({ id: 3 });
        expect(result.current.isLoading).toBe(true);
        await desk.answer("pending");
        expect(result.current.data?.id).toBe(3);
    });

    it("pauses while it is not enabled, and keeps what it saw", async () => {
        const desk = new Desk();
        const onStatusChange = vi.fn();
        const { result, rerender } = follow(desk, { onStatusChange });
        await desk.answer("pending");
        rerender({ enabled: false, onStatusChange });
        await pass(60_000);
        expect(desk.count).toBe(1);
        expect(result.current).toMatchObject({ status: "pending", isLoading: false });
        rerender({ enabled: true, onStatusChange });
        await desk.answer("processing");
        expect(onStatusChange.mock.calls).toEqual([["processing", "pending"]]);
    });
});

describe("a page that is hidden", () => {
    it("asks nothing, and at once when it is seen again", async () => {
        const desk = new Desk();
        follow(desk);
        await desk.answer("processing");
        setHidden(true);
        await pass(600_000);
        expect(desk.count).toBe(1);
        setHidden(false);
        await pass(0);
        expect(desk.count).toBe(2);
    });

    it("takes the answer to what was asked before, and asks no more", async () => {
        const desk = new Desk();
        const { result } = follow(desk);
        setHidden(true);
        await desk.answer("processing");
        expect(result.current.status).toBe("processing");
        await pass(600_000);
        expect(desk.count).toBe(1);
    });

    it("does not ask about a job that has ended when it is seen again", async () => {
        const desk = new Desk();
        follow(desk);
        await desk.answer("completed");
        setHidden(true);
        setHidden(false);
        await pass(600_000);
        expect(desk.count).toBe(1);
    });
});

describe("errors", () => {
    it("doubles the pause to thirty seconds, and goes back to the interval", async () => {
        const desk = new Desk();
        const { result } = follow(desk);
        await desk.answer("processing", { progress: 10 });
        await pass(1000);
        for (const seconds of [2, 4, 8, 16, 30, 30]) {
            await desk.fail();
            expect(result.current).toMatchObject({ progress: 10, isLoading: false });
            expect(result.current.error?.message).toBe("no connection");
            const before = desk.count;
            await pass(seconds * 1000 - 1);
            expect(desk.count).toBe(before);
            await pass(1);
            expect(desk.count).toBe(before + 1);
        }
        await desk.answer("processing", { progress: 20 });
        expect(result.current.error).toBeNull();
        const before = desk.count;
        await pass(1000);
        expect(desk.count).toBe(before + 1);
    });

    it("ends loading by an error", async () => {
        const desk = new Desk();
        const { result } = follow(desk);
        await desk.fail("403");
        expect(result.current).toMatchObject({ isLoading: false, data: null });
        expect(result.current.error?.message).toBe("403");
    });

    it("gives up an answer that does not come, and ignores it when it comes", async () => {
        const desk = new Desk();
        const { result } = follow(desk);
        await pass(30_000);
        expect(result.current.error?.message).toContain("30 seconds");
        expect(desk.asked[0]?.signal.aborted).toBe(true);
        await pass(2000);
        expect(desk.count).toBe(2);
        await desk.answerAt(0, "completed");
        expect(result.current.status).toBeNull();
    });

    it("tells of a fetcher that throws, or returns no job", async () => {
        const throwing = renderHook(() =>
            useJob(1, {
                fetcher: () => {
                    throw new Error("thrown at once");
                },
            }),
        );
        const wrong = renderHook(() =>
            useJob(1, { fetcher: () => Promise.resolve({ job: {} } as unknown as JobData) }),
        );
        await pass(0);
        expect(throwing.result.current.error?.message).toBe("thrown at once");
        expect(wrong.result.current.error?.message).toContain("an object with job");
    });

    it("goes on though a callback throws", async () => {
        const desk = new Desk();
        const failure = new Error("in a callback");
        const seen = vi.fn();
        process.once("unhandledRejection", seen);
        const { result } = follow(desk, {
            onStatusChange: () => {
                throw failure;
            },
        });
        await desk.answer("pending");
        await pass(1000);
        await desk.answer("processing");
        expect(result.current.status).toBe("processing");
        await pass(1000);
        expect(desk.count).toBe(3);
        vi.useRealTimers();
        await vi.waitFor(
            () => {
                expect(seen).toHaveBeenCalledWith(failure, expect.anything());
            },
            { timeout: 20_000 },
        );
    });
});

describe("what a caller got wrong", () => {
    it.each([0, -5, NaN, Infinity, 2 ** 31])("refuses %s as an interval", (pollingInterval) => {
        vi.spyOn(console, "error").mockImplementation(() => undefined);
        expect(() => follow(new Desk(), { pollingInterval })).toThrow(RangeError);
    });

    it.each([0, 1.5, NaN, "7" as unknown as number])("refuses %j as an id", (id) => {
        vi.spyOn(console, "error").mockImplementation(() => undefined);
        expect(() => follow(new Desk(), { id })).toThrow(/positive integer, not/);
    });

    it("says what to do where nothing reads jobs", () => {
        vi.spyOn(console, "error").mockImplementation(() => undefined);
        expect(() => renderHook(() => useJob(1))).toThrow(/give DataqueueProvider a fetcher or the baseUrl/);
        expect(() => renderHook(() => useJob(null))).not.toThrow();
    });
});

describe("the provider", () => {
    it("gives fetcher and interval, and the options of a hook come first", async () => {
        const [outer, inner] = [new Desk(), new Desk()];
        const wrapper = ({ children }: { children: React.ReactNode }) => (
            <DataqueueProvider fetcher={outer.fetcher} pollingInterval={5000}>
                <DataqueueProvider pollingInterval={2000}>{children}</DataqueueProvider>
            </DataqueueProvider>
        );
        renderHook(() => useJob(1), { wrapper });
        renderHook(() => useJob(2, { fetcher: inner.fetcher, pollingInterval: 100 }), { wrapper });
        await outer.answer("pending");
        await inner.answer("pending");
        await pass(100);
        expect([outer.count, inner.count]).toEqual([1, 2]);
        await pass(1899);
        expect(outer.count).toBe(1);
        await pass(1);
        expect(outer.count).toBe(2);
    });
});

describe("refresh", () => {
    it("asks about a job that has ended, and follows it if it runs again", async () => {
        const desk = new Desk();
        const onFailed = vi.fn();
        const { result } = follow(desk, { onFailed });
        await desk.answer("failed");
        result.current.refresh();
        await desk.answer("pending");
        expect(result.current.status).toBe("pending");
        await pass(1000);
        await desk.answer("failed");
        expect(onFailed).toHaveBeenCalledTimes(2);
        expect(desk.count).toBe(3);
    });
});
