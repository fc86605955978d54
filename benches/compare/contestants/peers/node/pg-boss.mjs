/** pg-boss: batches that are fetched without a pause and settled as one. */

import { load, run, version } from "./contestant.mjs";

const { PgBoss } = await load("pg-boss");
const { default: pg } = await load("pg");

const SCHEMA = "pgboss";
// A queue that notifies wakes its workers at once, and makes each call that adds to it dearer.
const PLAIN = "plain";
const NOTIFIED = "notified";
const CHUNK = 1_000;
const MOST_CALLERS = 50;

const WORK = { batchSize: 500, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };

class Boss {
  about = {
    name: "pg-boss",
    version: version("pg-boss"),
    store: "postgres",
    notes:
      "batchSize 500 settled as one, burstWhenBatchFull, polls every 0.5 s; for latency LISTEN and NOTIFY; finished jobs " +
      "are kept, without events",
  };
  #url;
  #boss;
  #working;

  constructor(url) {
    this.#url = url;
  }

  async prepare() {
    await this.close();
    const client = new pg.Client({ connectionString: this.#url });
    await client.connect();
    await client.query(`drop schema if exists ${SCHEMA} cascade`);
    await client.end();
    const boss = await this.#connected();
    await boss.createQueue(PLAIN);
    await boss.createQueue(NOTIFIED, { notify: true });
  }

  async addMany(payloads) {
    const boss = await this.#connected();
    for (let from = 0; from < payloads.length; from += CHUNK) {
      await boss.insert(
        this.#queue(),
        payloads.slice(from, from + CHUNK).map((data) => ({ data })),
      );
    }
  }

  async addOne(payload) {
    await (await this.#connected()).send(this.#queue(), payload);
  }

  async work(handler, { kind, latency }) {
    const boss = await this.#connected();
    this.#working = latency ? NOTIFIED : PLAIN;
    const each = (jobs) => {
      for (const job of jobs) handler(job.data);
    };
    const eachAwaited = async (jobs) => {
      for (const job of jobs) await handler(job.data);
    };
    await boss.work(this.#working, WORK, kind === "sync" ? async (jobs) => each(jobs) : eachAwaited);
  }

  async left() {
    const { rows } = await (await this.#connected())
      .getDb()
      .executeSql(`select count(*) from ${SCHEMA}.job where name in ($1, $2) and state < 'completed'`, [PLAIN, NOTIFIED]);
    return Number(rows[0].count);
  }

  async stop() {
    if (this.#working === undefined) return;
    await (await this.#connected()).offWork(this.#working, { wait: true });
    this.#working = undefined;
  }

  async close() {
    await (await this.#boss)?.stop({ graceful: true, timeout: 30_000 });
    this.#boss = undefined;
  }

  #queue() {
    return this.#working ?? PLAIN;
  }

  #connected() {
    this.#boss ??= this.#start();
    return this.#boss;
  }

  async #start() {
    const boss = new PgBoss({ connectionString: this.#url, max: MOST_CALLERS, useListenNotify: true });
    boss.on("error", (error) => console.error(error));
    return boss.start();
  }
}

await run((url) => new Boss(url));
