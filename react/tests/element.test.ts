import { waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { DataqueueProgress } from "../src/element.js";
import { Dashboard } from "./dashboard.js";

let dashboard: Dashboard;

beforeEach(async () => {
    dashboard = await Dashboard.start();
});

afterEach(async () => {
    document.body.replaceChildren();
    await dashboard.stop();
});

function place(attributes: Record<string, string>): DataqueueProgress {
    const element = document.createElement("dataqueue-progress");
    const given = { "base-url": dashboard.url, interval: "5", ...attributes };
    for (const [name, value] of Object.entries(given)) element.setAttribute(name, value);
    document.body.append(element);
    return element;
}

function bar(element: DataqueueProgress): Element {
    const found = element.shadowRoot?.querySelector("[role=progressbar]");
    if (!found) throw new Error("there is no progress bar");
    return found;
}

it("shows a job to eyes and to screen readers, and tells its events once", async () => {
    dashboard.set(1, "processing", { progress: 40 });
    const told: string[] = [];
    for (const name of ["dataqueue-status", "dataqueue-complete", "dataqueue-failed"]) {
        document.body.addEventListener(name, (event) => told.push(event.type));
    }
    const element = place({ "job-id": "1", label: "Export" });
    await waitFor(() => {
        expect(bar(element).getAttribute("aria-valuenow")).toBe("40");
    });
    expect(bar(element).getAttribute("aria-valuetext")).toBe("processing, 40%");
    const label = bar(element).getAttribute("aria-labelledby") ?? "";
    expect(element.shadowRoot?.getElementById(label)?.textContent).toBe("Export");
    expect(element.shadowRoot?.querySelector<HTMLElement>("[part=bar]")?.style.inlineSize).toBe("40%");
    dashboard.set(1, "completed", { progress: 40 });
    await waitFor(() => {
        expect(element.getAttribute("status")).toBe("completed");
    });
    expect(bar(element).getAttribute("aria-valuenow")).toBe("100");
    expect(told).toEqual(["dataqueue-status", "dataqueue-complete"]);
    expect(element.job?.status).toBe("completed");
    await waitFor(() => {
        expect(dashboard.streams).toBe(0);
    });
});

it("says that a failed job is tried again, and that it failed when it is not", async () => {
    const failed = vi.fn();
    document.body.addEventListener("dataqueue-failed", failed);
    dashboard.set(1, "failed", { nextAttemptAt: "2030-01-01T00:00:00.000Z" });
    const element = place({ "job-id": "1" });
    const status = () => element.shadowRoot?.querySelector("[role=status]")?.textContent;
    await waitFor(() => {
        expect(status()).toBe("failed, will be tried again");
    });
    expect(bar(element).hasAttribute("aria-valuenow")).toBe(false);
    expect(failed).not.toHaveBeenCalled();
    dashboard.set(1, "failed");
    await waitFor(() => {
        expect(status()).toBe("failed");
    });
    expect(failed).toHaveBeenCalledOnce();
});

it("follows another job when it is told to, and none when it is taken away", async () => {
    for (const id of [1, 2]) dashboard.set(id, "processing", { progress: id });
    const element = place({ "job-id": "1" });
    await waitFor(() => {
        expect(element.job?.id).toBe(1);
    });
    element.jobId = 2;
    await waitFor(() => {
        expect(element.job?.id).toBe(2);
    });
    element.remove();
    await waitFor(() => {
        expect(dashboard.streams).toBe(0);
    });
    document.body.append(element);
    dashboard.set(2, "completed");
    await waitFor(() => {
        expect(element.job?.status).toBe("completed");
    });
});

it("tells of attributes that are wrong, and of requests that fail", async () => {
    const errors: string[] = [];
    document.body.addEventListener("dataqueue-error", (event) => {
        errors.push((event as CustomEvent<{ error: Error }>).detail.error.message);
    });
    const elements = [
        place({ "job-id": "seven" }),
        place({ "job-id": "1", interval: "often" }),
        place({ "job-id": "99" }),
    ];
    await waitFor(() => {
        expect(errors.length).toBeGreaterThan(2);
    });
    expect(elements.map(({ job }) => job)).toEqual([null, null, null]);
    for (const part of ["positive integer", "pollingInterval", "answered 404"]) {
        expect(errors.some((error) => error.includes(part))).toBe(true);
    }
});
