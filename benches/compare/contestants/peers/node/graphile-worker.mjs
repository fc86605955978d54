/** graphile-worker, as its page on performance sets it up. */

import { load, run, version } from "./contestant.mjs";

// It logs each job that ends well otherwise.
process.env.NO_LOG_SUCCESS = "1";

const { Logger, makeWorkerUtils, run: start } = await load("graphile-worker");

const SCHEMA = "graphile_worker";
const CHUNK = 10_000;
const CONCURRENT_JOBS = 24;
const MOST_CALLERS = 50;

const THROUGHPUT = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

const logger = new Logger(() => (level, message) => {
  if (level === "error" || level === "warning") console.error(message);
});

class GraphileWorker {
  about = {
    name: "graphile-worker",
    version: version("graphile-worker"),
    store: "postgres",
    notes:
      "concurrentJobs 24, localQueue 500, completions batched without delay; for latency without the local queue and " +
      "batches; finished jobs are deleted",
  };
  #url;
  #utils;
  #runner;

  constructor(url) {
    this.#url = url;
  }

  async prepare() {
    const utils = await this.#connected();
    await utils.withPgClient((client) => client.query(`drop schema if exists ${SCHEMA} cascade`));
    // A new one, as this one knows tasks that are gone.
    await this.close();
    await (await this.#connected()).migrate();
  }

  async addMany(payloads, kind) {
    const utils = await this.#connected();
    for (let from = 0; from < payloads.length; from += CHUNK) {
      await utils.addJobs(payloads.slice(from, from + CHUNK).map((payload) => ({ identifier: kind, payload })));
    }
  }

  async addOne(payload, kind) {
    await (await this.#connected()).addJob(kind, payload);
  }

  async work(handler, { kind, latency }) {
    const preset = {
      worker: {
        connectionString: this.#url,
        concurrentJobs: CONCURRENT_JOBS,
        maxPoolSize: CONCURRENT_JOBS + 1,
        logger,
        ...(latency ? {} : THROUGHPUT),
      },
    };
    this.#runner = await start({ preset, taskList: { [kind]: handler }, noHandleSignals: true });
  }

  async left() {
    const utils = await this.#connected();
    const query = `select count(*) from ${SCHEMA}._private_jobs`;
    const { rows } = await utils.withPgClient((client) => client.query(query));
    return Number(rows[0].count);
  }

  async stop() {
    await this.#runner?.stop();
    this.#runner = undefined;
  }

  async close() {
    await (await this.#utils)?.release();
    this.#utils = undefined;
  }

  #connected() {
    const options = { connectionString: this.#url, maxPoolSize: MOST_CALLERS, logger };
    this.#utils ??= makeWorkerUtils(options);
    return this.#utils;
  }
}

await run((url) => new GraphileWorker(url));
