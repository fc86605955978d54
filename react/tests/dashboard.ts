import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { JobData, JobStatus } from "../src/index.js";

interface Event {
    cursor: number;
    jobId: number;
    type: string;
}

/** A server that keeps jobs and answers as a dashboard's API does, with the switches that tests need. */
export class Dashboard {
    readonly jobs = new Map<number, JobData>();
    /** The paths that were asked, in order, with their queries. */
    readonly asked: string[] = [];
    /** The `Last-Event-ID` of each stream that was opened. */
    readonly resumed: (string | undefined)[] = [];
    readonly #events: Event[] = [];
    readonly #streams = new Map<ServerResponse, number | null>();
    readonly #server = createServer((request, response) => {
        this.#answer(request, response);
    });
    /** With which status every read is answered instead. */
    failsWith: number | null = null;
    /** With which status a stream is refused. */
    refusesStreams: number | null = null;
    /** A proxy that takes connections and holds back what comes. */
    holdsBack = false;

    static async start(): Promise<Dashboard> {
        const dashboard = new Dashboard();
        dashboard.#server.listen(0, "127.0.0.1");
        await once(dashboard.#server, "listening");
        return dashboard;
    }

    get url(): string {
        return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/dataqueue`;
    }

    get streams(): number {
        return this.#streams.size;
    }

    reads(): number {
        return this.asked.filter((path) => !path.startsWith("/stream")).length;
    }

    /** Changes a job, and tells of it unless it is progress, as the store does. */
    set(id: number, status: JobStatus, rest: Partial<JobData> = {}): void {
        const isProgress = this.jobs.get(id)?.status === status;
        this.jobs.set(id, { progress: null, nextAttemptAt: null, ...rest, id, status });
        if (isProgress) return;
        const event = { cursor: this.#events.length + 1, jobId: id, type: status };
        this.#events.push(event);
        for (const [stream, jobId] of this.#streams) this.#tell(stream, jobId, event);
    }

    /** Says to all who listen that some events were left out. */
    tellGap(): void {
        for (const stream of this.#streams.keys()) stream.write("event: gap\ndata: {}\n\n");
    }

    /** Cuts every stream off. */
    cut(): void {
        for (const stream of this.#streams.keys()) stream.destroy();
    }

    async stop(): Promise<void> {
        this.#server.closeAllConnections();
        this.#server.close();
        await once(this.#server, "close");
    }

    #answer(request: IncomingMessage, response: ServerResponse): void {
        const url = new URL(request.url ?? "", this.url);
        const path = url.pathname.replace("/dataqueue/api", "");
        this.asked.push(path + url.search);
        if (path === "/stream") {
            this.#stream(request, response, url.searchParams.get("jobId"));
            return;
        }
        const [status, body] = this.#read(path, url.searchParams);
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    }

    #read(path: string, query: URLSearchParams): [number, unknown] {
        if (this.failsWith !== null) return [this.failsWith, { ok: false, error: "out of order" }];
        if (path === "/jobs") return [200, { jobs: this.#list(query) }];
        const job = this.jobs.get(Number(path.replace("/jobs/", "")));
        return job === undefined ? [404, { ok: false, error: "There is no such job" }] : [200, { job }];
    }

    #list(query: URLSearchParams): JobData[] {
        const ids = query.get("ids")?.split(",").map(Number);
        const [status, jobType, tag] = ["status", "jobType", "tag"].map((name) => query.get(name));
        const tags = tag?.split(",") ?? [];
        return [...this.jobs.values()]
            .reverse()
            .filter(
                (job) =>
                    (ids?.includes(job.id) ?? true) &&
                    (!status || job.status === status) &&
                    (!jobType || job["jobType"] === jobType) &&
                    tags.every((one) => (job["tags"] as string[] | undefined)?.includes(one)),
            )
            .slice(0, Number(query.get("limit") ?? 25));
    }

    #stream(request: IncomingMessage, response: ServerResponse, jobId: string | null): void {
        if (this.refusesStreams !== null) {
            response.writeHead(this.refusesStreams).end();
            return;
        }
        const seen = request.headers["last-event-id"] as string | undefined;
        this.resumed.push(seen);
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("retry: 10\n: follows\n\n");
        const id = jobId === null ? null : Number(jobId);
        this.#streams.set(response, id);
        response.on("close", () => this.#streams.delete(response));
        const after = seen === undefined ? this.#events.length : Number(seen);
        for (const event of this.#events.slice(after)) this.#tell(response, id, event);
    }

    #tell(stream: ServerResponse, jobId: number | null, event: Event): void {
        if (this.holdsBack || (jobId !== null && jobId !== event.jobId)) return;
        const { cursor, jobId: job, type } = event;
        const data = { id: cursor, jobId: job, type, at: new Date().toISOString(), metadata: {} };
        stream.write(`id: ${String(cursor)}\nevent: job\ndata: ${JSON.stringify(data)}\n\n`);
    }
}
