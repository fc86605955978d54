// Checked by the compiler alone: what must not compile is marked so, and an unused mark is an error.
import { useJob, useJobs, type JobData, type JobStatus } from "../src/index.js";

interface Report extends JobData {
    output: { url: string } | null;
}

declare const fetchReport: (id: number, signal: AbortSignal) => Promise<Report>;

export function useTyped(): [string | undefined, JobStatus | null, number | null, boolean] {
    const { data, status, progress, isLoading } = useJob(1, {
        fetcher: fetchReport,
        onComplete: (report) => report.output?.url,
        onStatusChange: (now: JobStatus, before: JobStatus) => now === before,
    });
    return [data?.output?.url, status, progress, isLoading];
}

export function useWrong(): void {
    // @ts-expect-error an id is a number
    useJob("1");
    // @ts-expect-error a job has a status
    useJob(1, { fetcher: () => Promise.resolve({ id: 1 }) });
    // @ts-expect-error there is no such state
    useJobs({ status: "done" });
    // @ts-expect-error a list is read by jobsFetcher
    useJobs([1], { fetcher: fetchReport });
}
