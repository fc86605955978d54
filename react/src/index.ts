"use client";

export { RequestError } from "./api.js";
export { isFinal } from "./job.js";
export { DataqueueProvider, type DataqueueProviderProps } from "./provider.js";
export type { JobData, JobFetcher, JobsFetcher, JobsQuery, JobStatus, Progress, Source } from "./types.js";
export { useJob, type UseJobOptions, type UseJobResult } from "./use-job.js";
export { useJobs, type UseJobsOptions, type UseJobsResult } from "./use-jobs.js";
