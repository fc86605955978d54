import { feedOf, type Feed } from "./feed.js";
import type { JobData, JobsQuery } from "./types.js";

/** An API that answered with an error. */
export class RequestError extends Error {
    override readonly name = "RequestError";
    /** The status code of the answer. */
    readonly status: number;

    constructor(message: string, status: number) {
        super(message);
        this.status = status;
    }
}

/** The API of a dashboard that is mounted at an URL. */
export class Api {
    readonly #root: string;
    readonly #credentials: RequestCredentials;

    constructor(baseUrl: string, credentials: RequestCredentials = "same-origin") {
        this.#root = `${baseUrl.replace(/\/+$/, "")}/api`;
        this.#credentials = credentials;
    }

    get feed(): Feed {
        return feedOf(`${this.#root}/stream`, this.#credentials === "include");
    }

    async job(id: number, signal: AbortSignal): Promise<JobData> {
        return ((await this.#get(`/jobs/${String(id)}`, signal)) as { job: JobData }).job;
    }

    async jobs(query: JobsQuery, signal: AbortSignal): Promise<readonly JobData[]> {
        const { ids, status, jobType, tags, limit } = query;
        const given = { ids: ids?.join(), status, jobType, tag: tags?.join(), limit: limit?.toString() };
        const params = Object.entries(given).filter(
            (param): param is [string, string] => param[1] !== undefined,
        );
        const path = `/jobs?${new URLSearchParams(params).toString()}`;
        const { jobs } = (await this.#get(path, signal)) as { jobs: JobData[] };
        if (ids !== undefined && jobs.some((job) => !ids.includes(job.id))) {
            throw new RequestError(
                `${this.#root}/jobs does not know ids: use a newer dashboard, or a jobsFetcher`,
                200,
            );
        }
        return jobs;
    }

    async #get(path: string, signal: AbortSignal): Promise<object> {
        const url = this.#root + path;
        const answer = await fetch(url, {
            signal,
            credentials: this.#credentials,
            cache: "no-store",
            headers: { accept: "application/json" },
        });
        const body = (await answer.json().catch(() => null)) as { error?: unknown } | null;
        if (!answer.ok || typeof body !== "object" || body === null) {
            const why = answer.ok ? "something else than JSON" : String(answer.status);
            const said = typeof body?.error === "string" ? `: ${body.error}` : "";
            throw new RequestError(`${url} answered ${why}${said}`, answer.status);
        }
        return body;
    }
}
