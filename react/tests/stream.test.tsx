import { render, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { DataqueueProvider, useJob, type DataqueueProviderProps } from "../src/index.js";
import { Dashboard } from "./dashboard.js";
import { setHidden } from "./page.js";

let dashboard: Dashboard;
/** So long that nothing that a test sees comes from polling. */
const NEVER = 2 ** 31 - 1;

beforeEach(async () => {
    dashboard = await Dashboard.start();
});

afterEach(async () => {
    setHidden(false);
    await dashboard.stop();
});

function within(options: Partial<DataqueueProviderProps> = {}) {
    return function Wrapper({ children }: { children: React.ReactNode }) {
        return (
            <DataqueueProvider baseUrl={dashboard.url} pollingInterval={NEVER} {...options}>
                {children}
            </DataqueueProvider>
        );
    };
}

/** Waits until the stream is open and what that asks for has been read. */
async function opened(reads = 2): Promise<void> {
    await waitFor(() => {
        expect(dashboard.streams).toBe(1);
        expect(dashboard.reads()).toBe(reads);
    });
}

function Status({ id }: { id: number }) {
    return <p data-testid={id}>{useJob(id).status}</p>;
}

describe("a dashboard's API", () => {
    it("is polled where no stream is wanted", async () => {
        dashboard.set(1, "processing", { progress: 10, jobType: "report" });
        const { result } = renderHook(() => useJob(1), {
            wrapper: within({ stream: false, pollingInterval: 5 }),
        });
        await waitFor(() => {
            expect(result.current.data).toMatchObject({ id: 1, jobType: "report", progress: 10 });
        });
        dashboard.set(1, "processing", { progress: 60 });
        await waitFor(() => {
            expect(result.current.progress).toBe(60);
        });
        dashboard.set(1, "completed", { progress: 100 });
        await waitFor(() => {
            expect(result.current.status).toBe("completed");
        });
        expect(dashboard.asked.every((path) => path === "/jobs/1")).toBe(true);
    });

    it("is polled where it has no stream", async () => {
        dashboard.refusesStreams = 501;
        dashboard.set(1, "pending");
        const { result } = renderHook(() => useJob(1), { wrapper: within({ pollingInterval: 5 }) });
        await waitFor(() => {
            expect(dashboard.asked).toContain("/stream?jobId=1");
        });
        dashboard.set(1, "completed");
        await waitFor(() => {
            expect(result.current.status).toBe("completed");
        });
    });

    it("tells by what it failed", async () => {
        const { result } = renderHook(() => useJob(9), { wrapper: within() });
        await waitFor(() => {
            expect(result.current.error).toMatchObject({ name: "RequestError", status: 404 });
        });
        expect(result.current.error?.message).toContain("/api/jobs/9 answered 404: There is no such job");
    });
});

describe("a stream", () => {
    it("tells of a change that polling would find much later", async () => {
        dashboard.set(1, "pending");
        const { result } = renderHook(() => useJob(1), { wrapper: within() });
        await opened();
        for (const status of ["processing", "waiting", "processing", "completed"] as const) {
            dashboard.set(1, status);
            await waitFor(() => {
                expect(result.current.status).toBe(status);
            });
        }
        await waitFor(() => {
            expect(dashboard.streams).toBe(0);
        });
    });

    it("is one for all hooks, asks for a single job alone, and closes with the last", async () => {
        for (const id of [1, 2, 3]) dashboard.set(id, "pending");
        const all = (ids: number[]) => (
            <>
                <DataqueueProvider baseUrl={dashboard.url} pollingInterval={NEVER}>
                    {ids.map((id) => (
                        <Status key={id} id={id} />
                    ))}
                </DataqueueProvider>
            </>
        );
        const { rerender, getByTestId, unmount } = render(all([1]));
        await opened();
        expect(dashboard.asked).toContain("/stream?jobId=1");
        rerender(all([1, 2, 3]));
        await waitFor(() => {
            expect(dashboard.asked).toContain("/stream");
            expect(dashboard.streams).toBe(1);
        });
        for (const id of [3, 1, 2]) dashboard.set(id, "processing");
        await waitFor(() => {
            for (const id of [1, 2, 3]) expect(getByTestId(id).textContent).toBe("processing");
        });
        expect(dashboard.asked.filter((path) => path.startsWith("/stream")).length).toBe(2);
        unmount();
        await waitFor(() => {
            expect(dashboard.streams).toBe(0);
        });
    });

    it("goes on where it was cut off", async () => {
        dashboard.set(1, "pending");
        const { result } = renderHook(() => useJob(1), { wrapper: within() });
        await opened();
        dashboard.set(1, "processing");
        await waitFor(() => {
            expect(result.current.status).toBe("processing");
        });
        dashboard.cut();
        dashboard.set(1, "waiting");
        await waitFor(() => {
            expect(result.current.status).toBe("waiting");
        });
        expect(dashboard.resumed).toEqual([undefined, "2"]);
    });

    it("that left something out has jobs read anew", async () => {
        dashboard.set(1, "pending");
        const { result } = renderHook(() => useJob(1), { wrapper: within() });
        await opened();
        dashboard.holdsBack = true;
        dashboard.set(1, "processing");
        dashboard.tellGap();
        await waitFor(() => {
            expect(result.current.status).toBe("processing");
        });
    });

    it("is closed while the page is hidden, and opened again", async () => {
        dashboard.set(1, "pending");
        const { result } = renderHook(() => useJob(1), { wrapper: within() });
        await opened();
        setHidden(true);
        await waitFor(() => {
            expect(dashboard.streams).toBe(0);
        });
        dashboard.set(1, "processing");
        setHidden(false);
        await waitFor(() => {
            expect(result.current.status).toBe("processing");
            expect(dashboard.streams).toBe(1);
        });
    });

    it("does not ask for more than one job at a time in a storm of events", async () => {
        dashboard.set(1, "pending");
        const onStatusChange = vi.fn();
        const { result } = renderHook(() => useJob(1, { onStatusChange }), { wrapper: within() });
        await opened();
        for (let n = 0; n < 200; n += 1) {
            dashboard.set(1, "processing");
            dashboard.set(1, "pending");
        }
        dashboard.set(1, "completed");
        await waitFor(() => {
            expect(result.current.status).toBe("completed");
        });
        expect(dashboard.reads()).toBeLessThan(10);
    });
});
