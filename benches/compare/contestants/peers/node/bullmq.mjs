/** BullMQ, with a worker of high concurrency. */

import { load, run, version } from "./contestant.mjs";

const { Queue, Worker } = await load("bullmq");
const { Redis } = await load("ioredis");

const NAME = "bench";
const CHUNK = 1_000;
const CONCURRENCY = 100;

class BullMq {
  about = {
    name: "bullmq",
    version: version("bullmq"),
    store: "redis",
    notes: "concurrency 100, addBulk of 1,000; finished jobs are kept, events in a stream of about 10,000",
  };
  #connection;
  #queue;
  #worker;

  constructor(url) {
    this.#connection = { url };
  }

  async prepare() {
    await this.close();
    const client = new Redis(this.#connection.url);
    await client.flushdb();
    await client.quit();
    await this.#connected().waitUntilReady();
  }

  async addMany(payloads, kind) {
    const queue = this.#connected();
    for (let from = 0; from < payloads.length; from += CHUNK) {
      await queue.addBulk(payloads.slice(from, from + CHUNK).map((data) => ({ name: kind, data })));
    }
  }

  async addOne(payload, kind) {
    await this.#connected().add(kind, payload);
  }

  async work(handler, { kind }) {
    const one = kind === "sync" ? async (job) => handler(job.data) : (job) => handler(job.data);
    this.#worker = new Worker(NAME, one, { connection: this.#connection, concurrency: CONCURRENCY });
    this.#worker.on("error", (error) => console.error(error));
    await this.#worker.waitUntilReady();
  }

  async left() {
    const counts = await this.#connected().getJobCounts("wait", "paused", "active", "delayed", "prioritized");
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  }

  async stop() {
    await this.#worker?.close();
    this.#worker = undefined;
  }

  async close() {
    await this.#queue?.close();
    this.#queue = undefined;
  }

  #connected() {
    this.#queue ??= new Queue(NAME, { connection: this.#connection });
    return this.#queue;
  }
}

await run((url) => new BullMq(url));
