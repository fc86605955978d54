"use client";

import { createContext, createElement, useContext, useMemo, type ReactElement, type ReactNode } from "react";

import { over } from "./settings.js";
import type { Source } from "./types.js";

const Sources = createContext<Source>({});

export interface DataqueueProviderProps extends Source {
    children?: ReactNode;
}

/**
 * Says for all hooks below where jobs are read and how often. What a provider within another leaves out is the outer
 * one's, and what a hook is given comes before both.
 */
export function DataqueueProvider({
    children,
    fetcher,
    jobsFetcher,
    baseUrl,
    credentials,
    stream,
    pollingInterval,
}: DataqueueProviderProps): ReactElement {
    const outer = useContext(Sources);
    const source = useMemo(
        () => over({ fetcher, jobsFetcher, baseUrl, credentials, stream, pollingInterval }, outer),
        [fetcher, jobsFetcher, baseUrl, credentials, stream, pollingInterval, outer],
    );
    return createElement(Sources.Provider, { value: source }, children);
}

/** The source of a hook that was given this one. */
export function useSource({
    fetcher,
    jobsFetcher,
    baseUrl,
    credentials,
    stream,
    pollingInterval,
}: Source): Source {
    const outer = useContext(Sources);
    return over({ fetcher, jobsFetcher, baseUrl, credentials, stream, pollingInterval }, outer);
}
