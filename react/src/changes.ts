import { isFinal } from "./job.js";
import type { JobData, JobStatus } from "./types.js";

/** Who is told of a job's changes. */
export interface ChangeListeners<T extends JobData> {
    onStatus?: ((job: T, newStatus: JobStatus, oldStatus: JobStatus) => void) | undefined;
    onComplete?: ((job: T) => void) | undefined;
    onFailed?: ((job: T) => void) | undefined;
}

/** Remembers how jobs were, and tells each change once. */
export class Changes<T extends JobData> {
    readonly #seen = new Map<number, { status: JobStatus; isFinal: boolean }>();

    /**
     * How a job is when it is first seen is no change of its state, but it is told where it has ended: a quick job ends
     * before the first answer.
     */
    tell(job: T, { onStatus, onComplete, onFailed }: ChangeListeners<T>): void {
        const old = this.#seen.get(job.id);
        const now = { status: job.status, isFinal: isFinal(job) };
        this.#seen.set(job.id, now);
        const isOther = old?.status !== now.status;
        try {
            if (old !== undefined && isOther) onStatus?.(job, now.status, old.status);
        } finally {
            if (now.isFinal && (isOther || !old.isFinal)) {
                if (now.status === "completed") onComplete?.(job);
                else if (now.status === "failed") onFailed?.(job);
            }
        }
    }
}
