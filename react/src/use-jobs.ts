"use client";

import { checkJobs, isFinal } from "./job.js";
import { useSource } from "./provider.js";
import { apiOf, checkId } from "./settings.js";
import type { JobData, JobsFetcher, JobsQuery, JobStatus, Progress, Source } from "./types.js";
import { useWatch, type Subject } from "./use-watch.js";

/** As many ids as one URL can name. */
const MOST_IDS = 200;

export interface UseJobsOptions<T extends JobData = JobData> extends Omit<Source<T>, "fetcher"> {
    /** False pauses; what was seen of the jobs stays. True by default. */
    enabled?: boolean | undefined;
    /** Called for each job whose status is another one than at the last look. */
    onStatusChange?: ((job: T, newStatus: JobStatus, oldStatus: JobStatus) => void) | undefined;
    /** Called once for each job when it is first seen completed. */
    onComplete?: ((job: T) => void) | undefined;
    /** Called once for each job when it is first seen failed with no attempt left. */
    onFailed?: ((job: T) => void) | undefined;
}

export interface UseJobsResult<T extends JobData = JobData> extends Progress {
    /** The jobs as they were last read: in the order of their ids as given, or in that of the answer to a filter. */
    jobs: readonly T[];
    /** Whether all of them have been seen and have ended. */
    isDone: boolean;
}

/**
 * Follows several jobs by one request at a time, until all of them have ended. Those of a list of ids that have ended
 * are not asked about again. A filter is asked again for as long as it finds no job, or one that has not ended.
 *
 * @param which - At most 200 ids, or a filter; null or undefined while there is neither. It may be new with each
 *   render: only another content begins anew.
 * @param options - What is given here comes before what the provider says.
 * @throws An `Error` where nothing says how to read lists, and a `RangeError` for too many ids, or one that is none.
 */
export function useJobs<T extends JobData = JobData>(
    which: readonly number[] | Omit<JobsQuery, "ids"> | null | undefined,
    options: UseJobsOptions<T> = {},
): UseJobsResult<T> {
    const { enabled = true, onStatusChange: onStatus, onComplete, onFailed } = options;
    const source = useSource(options);
    const fetcher = (source.jobsFetcher as JobsFetcher<T> | undefined) ?? fetcherOf<T>(source);
    const isEmpty = isIds(which) && which.length === 0;
    if (which && !isEmpty && enabled && fetcher === null) {
        throw new Error(
            "useJobs does not know how to read lists of jobs: pass it a jobsFetcher, or give DataqueueProvider a jobsFetcher " +
                "or the baseUrl of a dashboard.",
        );
    }
    const read: JobsFetcher<T> = async (query, signal) =>
        fetcher === null ? [] : checkJobs(await fetcher(query, signal));
    const subject = !which || isEmpty ? null : isIds(which) ? byIds(which, read) : byFilter(which, read);
    const { jobs, ...rest } = useWatch<T>(subject, enabled, source, { onStatus, onComplete, onFailed });
    const most = Math.max(1, subject?.ids.length ?? 1);
    return { jobs, isDone: isEmpty || (jobs.length >= most && jobs.every(isFinal)), ...rest };
}

function isIds(which: object | null | undefined): which is readonly number[] {
    return Array.isArray(which);
}

function byIds<T extends JobData>(given: readonly number[], read: JobsFetcher<T>): Subject<T> {
    const ids = [...new Set(given.map(checkId))];
    if (ids.length > MOST_IDS) {
        throw new RangeError(
            `useJobs follows at most ${String(MOST_IDS)} ids, not ${String(ids.length)}: give the jobs a tag and filter by it.`,
        );
    }
    return {
        key: `jobs ${ids.join()}`,
        ids,
        read: async (before, signal) => {
            const known = new Map(before.filter(isFinal).map((job) => [job.id, job]));
            const open = ids.filter((id) => !known.has(id));
            for (const job of await read({ ids: open, limit: open.length }, signal)) known.set(job.id, job);
            return ids.flatMap((id) => known.get(id) ?? []);
        },
    };
}

function byFilter<T extends JobData>(
    { status, jobType, tags, limit }: Omit<JobsQuery, "ids">,
    read: JobsFetcher<T>,
): Subject<T> {
    const query: JobsQuery = {
        ...(status !== undefined && { status }),
        ...(jobType !== undefined && { jobType }),
        ...(tags !== undefined && { tags }),
        ...(limit !== undefined && { limit }),
    };
    return {
        key: `filter ${JSON.stringify(query)}`,
        ids: [],
        read: (_, signal) => read(query, signal),
    };
}

function fetcherOf<T extends JobData>(source: Source): JobsFetcher<T> | null {
    const api = apiOf(source);
    return api && ((query, signal) => api.jobs(query, signal) as Promise<readonly T[]>);
}
