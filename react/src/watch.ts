import type { Feed } from "./feed.js";
import { isFinal } from "./job.js";
import { LONGEST, Poller } from "./poller.js";
import type { JobData } from "./types.js";

/** Which jobs are followed, and who is told. */
export interface WatchOptions<T extends JobData> {
    /** The jobs by their ids; none where a filter chooses them. */
    ids: readonly number[];
    /** Reads the jobs; it may leave alone those that had ended before. */
    read: (before: readonly T[], signal: AbortSignal) => Promise<readonly T[]>;
    interval: () => number;
    feed: Feed | null;
    onJobs: (jobs: readonly T[]) => void;
    onError: (error: Error) => void;
}

/** Jobs that are being followed. */
export interface Watch {
    /** Asks at once, about all of them. */
    refresh(): void;
    /** The interval may be another one now. */
    reschedule(): void;
    stop(): void;
}

/**
 * Follows jobs until all of them have ended. A feed that is open tells when a job's state changes, but nothing of its
 * progress: polling slows down to a safety net while none of the jobs runs.
 */
export function watchJobs<T extends JobData>(options: WatchOptions<T>): Watch {
    const { ids, read, interval, feed, onJobs, onError } = options;
    let before: readonly T[] = [];
    let isInNet = false;
    let silence: (() => void) | null = null;

    const isOver = (jobs: readonly T[]): boolean =>
        jobs.length >= Math.max(1, ids.length) && jobs.every(isFinal);

    const poller = new Poller<readonly T[]>({
        read: (signal) => read(before, signal),
        interval,
        pause: (jobs) => {
            if (isOver(jobs)) return null;
            isInNet =
                silence !== null &&
                feed?.isTrusted === true &&
                jobs.every((job) => job.status !== "processing");
            return isInNet ? Math.max(LONGEST, interval()) : interval();
        },
        onAnswer: (jobs, wasTimed) => {
            const wasUntold = wasTimed && isInNet && changed(before, jobs);
            before = jobs;
            listen(!isOver(jobs));
            if (wasUntold) feed?.doubt();
            onJobs(jobs);
        },
        onError,
    });

    const listen = (isWanted: boolean): void => {
        if (!isWanted) {
            silence?.();
            silence = null;
        } else if (silence === null && feed !== null && ids.length > 0) {
            silence = feed.listen({
                ids,
                onHint: () => {
                    poller.hint();
                },
                onTurn: () => {
                    poller.reschedule();
                },
            });
        }
    };

    listen(true);
    poller.start();
    return {
        refresh: () => {
            before = [];
            poller.restart();
        },
        reschedule: () => {
            poller.reschedule();
        },
        stop: () => {
            listen(false);
            poller.stop();
        },
    };
}

function changed(before: readonly JobData[], after: readonly JobData[]): boolean {
    const states = new Map(before.map((job) => [job.id, job.status]));
    return after.some((job) => states.get(job.id) !== job.status);
}
