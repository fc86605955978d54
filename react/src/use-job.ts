"use client";

import { checkJob } from "./job.js";
import { useSource } from "./provider.js";
import { apiOf, checkId } from "./settings.js";
import type { JobData, JobFetcher, JobStatus, Progress, Source } from "./types.js";
import { useWatch } from "./use-watch.js";

export interface UseJobOptions<T extends JobData = JobData> extends Omit<Source<T>, "jobsFetcher"> {
    /** False pauses; what was seen of the job stays. True by default. */
    enabled?: boolean | undefined;
    /** Called when the job's status is another one than at the last look. */
    onStatusChange?: ((newStatus: JobStatus, oldStatus: JobStatus) => void) | undefined;
    /** Called once when the job is first seen completed. */
    onComplete?: ((job: T) => void) | undefined;
    /** Called once when the job is first seen failed with no attempt left. */
    onFailed?: ((job: T) => void) | undefined;
}

export interface UseJobResult<T extends JobData = JobData> extends Progress {
    /** The job as it was last read; null before. */
    data: T | null;
    status: JobStatus | null;
    /** From 0 to 100; null while the job has reported none. */
    progress: number | null;
}

/**
 * Follows a job until it has ended: `completed`, `cancelled`, or `failed` with no retry due.
 *
 * @param jobId - Null or undefined while there is none. Another id begins anew.
 * @param options - What is given here comes before what the provider says. Functions may be new with each render: the
 *   latest are used.
 * @throws An `Error` where nothing says how to read the job, and a `RangeError` for an id or interval that is none.
 */
export function useJob<T extends JobData = JobData>(
    jobId: number | null | undefined,
    options: UseJobOptions<T> = {},
): UseJobResult<T> {
    const { enabled = true, onStatusChange, onComplete, onFailed } = options;
    const source = useSource(options);
    const id = jobId ?? null;
    const fetcher = (source.fetcher as JobFetcher<T> | undefined) ?? fetcherOf<T>(source);
    if (id !== null && enabled && fetcher === null) {
        throw new Error(
            "useJob does not know how to read jobs: pass it a fetcher, or give DataqueueProvider a fetcher or the baseUrl " +
                "of a dashboard.",
        );
    }
    const subject = id !== null && {
        key: `job ${String(checkId(id))}`,
        ids: [id],
        read: async (_: readonly T[], signal: AbortSignal) => [checkJob(await fetcher?.(id, signal))],
    };
    const { jobs, ...rest } = useWatch<T>(subject || null, enabled, source, {
        onStatus: (_, newStatus, oldStatus) => onStatusChange?.(newStatus, oldStatus),
        onComplete,
        onFailed,
    });
    const data = jobs[0] ?? null;
    return { data, status: data?.status ?? null, progress: data?.progress ?? null, ...rest };
}

function fetcherOf<T extends JobData>(source: Source): JobFetcher<T> | null {
    const api = apiOf(source);
    return api && ((id, signal) => api.job(id, signal) as Promise<T>);
}
