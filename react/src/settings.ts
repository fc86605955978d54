import { Api } from "./api.js";
import type { Source } from "./types.js";

const LONGEST_TIMER = 2 ** 31 - 1;

/** The interval, once it is known to be one. Throws a `RangeError` otherwise. */
export function checkInterval(interval: number): number {
    if (!(interval >= 1 && interval <= LONGEST_TIMER)) {
        throw new RangeError(
            `pollingInterval must be a number of milliseconds from 1 to ${String(LONGEST_TIMER)}, not ${String(interval)}. ` +
                "To stop polling, set enabled to false.",
        );
    }
    return interval;
}

/** The id, once it is known to be one. Throws a `RangeError` otherwise. */
export function checkId(id: number): number {
    if (!Number.isSafeInteger(id) || id < 1) {
        throw new RangeError(
            `The id of a job must be a positive integer, not ${JSON.stringify(id)}. While there is none, pass null.`,
        );
    }
    return id;
}

/** One source over another: what the first leaves out is the second's. */
export function over(inner: Source, outer: Source): Source {
    const given = Object.entries(inner).filter(([, value]) => value !== undefined);
    return { ...outer, ...(Object.fromEntries(given) as Source) };
}

/** The API that a source names. */
export function apiOf({ baseUrl, credentials }: Source): Api | null {
    return baseUrl === undefined ? null : new Api(baseUrl, credentials);
}
