import { act } from "@testing-library/react";
import { vi } from "vitest";

import type { JobData, JobStatus } from "../src/index.js";

interface Question {
    id: number;
    signal: AbortSignal;
    resolve: (job: JobData) => void;
    reject: (error: Error) => void;
}

/** A fetcher whose questions a test answers by hand, when it likes. */
export class Desk {
    readonly asked: Question[] = [];

    readonly fetcher = (id: number, signal: AbortSignal): Promise<JobData> =>
        new Promise((resolve, reject) => {
            this.asked.push({ id, signal, resolve, reject });
        });

    get count(): number {
        return this.asked.length;
    }

    /** Answers the newest question. */
    async answer(status: JobStatus, rest: Partial<JobData> = {}): Promise<void> {
        await this.answerAt(-1, status, rest);
    }

    async answerAt(at: number, status: JobStatus, rest: Partial<JobData> = {}): Promise<void> {
        const question = this.asked.at(at);
        if (question === undefined) throw new Error("nothing was asked");
        await act(async () => {
            question.resolve({ id: question.id, status, ...rest });
            await vi.advanceTimersByTimeAsync(0);
        });
    }

    async fail(message = "no connection"): Promise<void> {
        const question = this.asked.at(-1);
        await act(async () => {
            question?.reject(new Error(message));
            await vi.advanceTimersByTimeAsync(0);
        });
    }
}

/** Lets time pass on the clock of the test. */
export async function pass(milliseconds: number): Promise<void> {
    await act(() => vi.advanceTimersByTimeAsync(milliseconds));
}
