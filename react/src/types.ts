/** The states of a job. */
export type JobStatus = "pending" | "processing" | "completed" | "failed" | "cancelled" | "waiting";

/** A job as an API answers it. What it has beside these fields is kept. */
export interface JobData {
    id: number;
    status: JobStatus;
    /** From 0 to 100; null until the handler reports some. */
    progress?: number | null;
    /** When a failed job is tried again; null or left out when it is not. */
    nextAttemptAt?: string | number | Date | null;
    [field: string]: unknown;
}

/**
 * Reads one job. It is asked by one caller at a time, and what it answers after `signal` was aborted is ignored. An
 * answer that takes longer than 30 seconds is given up.
 */
export type JobFetcher<T extends JobData = JobData> = (id: number, signal: AbortSignal) => Promise<T>;

/** Which jobs a list is made of: those with these ids, or those that fit all of the other fields. */
export interface JobsQuery {
    ids?: readonly number[];
    status?: JobStatus;
    jobType?: string;
    /** A job has all of these tags. */
    tags?: readonly string[];
    /** How many jobs at most; the API's own limit where it is left out. */
    limit?: number;
}

/** Reads several jobs by one request, under the same terms as `JobFetcher`. */
export type JobsFetcher<T extends JobData = JobData> = (
    query: JobsQuery,
    signal: AbortSignal,
) => Promise<readonly T[]>;

/** Where jobs are read, and how often. */
export interface Source<T extends JobData = JobData> {
    /** Reads a job; by default from `baseUrl`. */
    fetcher?: JobFetcher<T> | undefined;
    /** Reads a list of jobs; by default from `baseUrl`. */
    jobsFetcher?: JobsFetcher<T> | undefined;
    /** Where the dashboard is mounted, such as `/dataqueue`: jobs are read and events are heard there. */
    baseUrl?: string | undefined;
    /** Whether requests to `baseUrl` carry cookies: `include` sends them to another origin too. */
    credentials?: RequestCredentials | undefined;
    /** Whether to hear the events of `baseUrl`; true by default. Without them changes are found by polling alone. */
    stream?: boolean | undefined;
    /** Milliseconds between an answer and the next request; 1000 by default. */
    pollingInterval?: number | undefined;
}

/** What both hooks answer. */
export interface Progress {
    /** True until the first answer, or the first error. False while there is nothing to ask. */
    isLoading: boolean;
    /** Why the last request failed; null once one succeeds. */
    error: Error | null;
    /** Asks at once, also about jobs that have ended; follows again those that turn out not to have. */
    refresh: () => void;
}
