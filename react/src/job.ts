import type { JobData } from "./types.js";

/** Whether nothing more happens to a job by itself. A failed one with a retry due is not there yet. */
export function isFinal(job: JobData): boolean {
    return (
        job.status === "completed" ||
        job.status === "cancelled" ||
        (job.status === "failed" && (job.nextAttemptAt ?? null) === null)
    );
}

/** The job that was answered. Throws a `TypeError` that tells what else it was. */
export function checkJob<T extends JobData>(answer: T | null | undefined): T {
    if (typeof answer?.status !== "string") {
        throw new TypeError(
            `A fetcher must return a job, an object with id and status, but it returned ${describe(answer)}. ` +
                "Of an answer such as {job: {…}}, return the job.",
        );
    }
    return answer;
}

/** The jobs that were answered. Throws a `TypeError` that tells what else it was. */
export function checkJobs<T extends JobData>(answer: readonly T[]): readonly T[] {
    if (!Array.isArray(answer)) {
        throw new TypeError(
            `A jobsFetcher must return an array of jobs, but it returned ${describe(answer)}. ` +
                "Of an answer such as {jobs: […]}, return the jobs.",
        );
    }
    return answer.map(checkJob<T>);
}

function describe(answer: unknown): string {
    if (Array.isArray(answer)) return "an array";
    if (typeof answer !== "object" || answer === null) return String(answer);
    const keys = Object.keys(answer);
    return keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, 5).join(", ")}`;
}

/** Whether two values of plain data are alike; what is no plain data is alike only to itself. */
export function isSame(one: unknown, other: unknown): boolean {
    if (Object.is(one, other)) return true;
    if (!isPlain(one) || !isPlain(other) || Array.isArray(one) !== Array.isArray(other)) return false;
    const keys = Object.keys(one);
    return (
        keys.length === Object.keys(other).length &&
        keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
    );
}

function isPlain(value: unknown): value is Record<string, unknown> {
    if (typeof value !== "object" || value === null) return false;
    const proto: unknown = Object.getPrototypeOf(value);
    return proto === Object.prototype || proto === Array.prototype || proto === null;
}
