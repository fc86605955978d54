"use client";

import { useCallback, useEffect, useInsertionEffect, useRef, useState } from "react";

import { Changes, type ChangeListeners } from "./changes.js";
import { isSame } from "./job.js";
import { apiOf, checkInterval } from "./settings.js";
import type { JobData, Progress, Source } from "./types.js";
import { watchJobs, type Watch, type WatchOptions } from "./watch.js";

const INTERVAL = 1000;

/** What a hook follows. */
export interface Subject<T extends JobData> {
    /** Two subjects with the same key are the same. */
    key: string;
    ids: readonly number[];
    read: WatchOptions<T>["read"];
}

interface View<T> {
    key: string | null;
    jobs: readonly T[];
    isLoaded: boolean;
    error: Error | null;
}

const EMPTY: View<never> = { key: null, jobs: [], isLoaded: false, error: null };

/**
 * Follows a subject for as long as the component is mounted and this is enabled; null is nothing to follow. What was
 * seen of a subject stays while it is not enabled.
 */
export function useWatch<T extends JobData>(
    subject: Subject<T> | null,
    isEnabled: boolean,
    source: Source,
    listeners: ChangeListeners<T>,
): Progress & { jobs: readonly T[] } {
    const interval = checkInterval(source.pollingInterval ?? INTERVAL);
    const { baseUrl, credentials, stream = true } = source;
    const key = subject === null ? null : `${baseUrl ?? ""} ${subject.key}`;

    const [view, setView] = useState<View<T>>(EMPTY);
    const shown = useRef<View<T>>(EMPTY);
    const told = useRef<{ key: string; changes: Changes<T> } | null>(null);
    const watch = useRef<Watch | null>(null);
    // Functions are new with each render, and no reason to begin anew.
    const latest = useRef({ key, subject, interval, listeners });
    useInsertionEffect(() => {
        latest.current = { key, subject, interval, listeners };
    });

    useEffect(() => {
        const subject = latest.current.subject;
        if (!isEnabled || key === null || subject === null) return;
        if (told.current?.key !== key) told.current = { key, changes: new Changes() };
        const { changes } = told.current;
        const show = (view: View<T>): void => {
            if (isSame(shown.current, view)) return;
            shown.current = view;
            setView(view);
        };
        const watching = watchJobs<T>({
            ids: subject.ids,
            read: (before, signal) => {
                const now = latest.current;
                return (now.key === key && now.subject !== null ? now.subject : subject).read(before, signal);
            },
            interval: () => latest.current.interval,
            feed: stream ? (apiOf({ baseUrl, credentials })?.feed ?? null) : null,
            onJobs: (jobs) => {
                const old = shown.current.key === key ? shown.current.jobs : [];
                const kept = jobs.map((job, at) => (isSame(job, old[at]) ? (old[at] ?? job) : job));
                show({ key, jobs: kept, isLoaded: true, error: null });
                for (const job of jobs) changes.tell(job, latest.current.listeners);
            },
            onError: (error) => {
                const { jobs } = shown.current.key === key ? shown.current : EMPTY;
                show({ key, jobs, isLoaded: true, error });
            },
        });
        watch.current = watching;
        return () => {
            watch.current = null;
            watching.stop();
        };
    }, [isEnabled, key, baseUrl, credentials, stream]);

    useEffect(() => {
        watch.current?.reschedule();
    }, [interval]);

    const refresh = useCallback(() => {
        watch.current?.refresh();
    }, []);
    const { jobs, isLoaded, error } = view.key === key ? view : EMPTY;
    return { jobs, isLoading: isEnabled && key !== null && !isLoaded, error, refresh };
}
