/** How long it takes from adding a job, or from when it was due, to the beginning of its handler. */

import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE = 60_000;
const MOST_SAMPLES = 100_000;
const TICK = 2;

const now = () => performance.timeOrigin + performance.now();

/** When handlers began, told to who waits for it. */
export class Marks {
  #waiting = new Map();
  #next = 0;

  /** A mark for one job's payload, and the time at which its handler begins. */
  make() {
    const mark = ++this.#next;
    const { promise, resolve } = deferred();
    this.#waiting.set(mark, resolve);
    return { mark, begun: promise };
  }

  /** A handler begins. */
  began(job) {
    const at = now();
    this.#waiting.get(job.mark)?.(at);
    this.#waiting.delete(job.mark);
  }
}

/** One job after another, each added while the worker is idle. */
export async function latencies(add, marks, count, pause) {
  const found = [];
  for (let index = 0; index < count; index += 1) {
    await sleep(pause * 1000);
    const { mark, begun } = marks.make();
    const called = now();
    await add({ mark });
    found.push((await patiently(begun)) - called);
  }
  return found;
}

/** Jobs that become due evenly, added as they do; of each, how late its handler began. */
export async function steady(add, marks, rate, seconds) {
  const count = Math.round(rate * seconds);
  const start = now();
  const late = [];
  const adding = new Set();
  for (let added = 0; added < count; ) {
    const reached = Math.min(count, Math.floor(((now() - start) / 1000) * rate) + 1);
    const payloads = [];
    for (; added < reached; added += 1) {
      const due = start + (added / rate) * 1000;
      const { mark, begun } = marks.make();
      payloads.push({ mark, due });
      late.push(begun.then((at) => at - due));
    }
    if (payloads.length > 0) {
      const call = add(payloads).finally(() => adding.delete(call));
      adding.add(call);
    }
    await sleep(TICK);
  }
  await patiently(Promise.all(adding));
  return sampled(await patiently(Promise.all(late)));
}

/** Not more than the orchestrator takes, evenly chosen. */
function sampled(values) {
  const step = Math.max(1, values.length / MOST_SAMPLES);
  const chosen = Math.floor(values.length / step);
  return Array.from({ length: chosen }, (_, index) => values[Math.floor(index * step)]);
}

async function patiently(promise) {
  const timeout = new AbortController();
  const late = sleep(PATIENCE, undefined, { signal: timeout.signal }).then(() => {
    throw new Error(`nothing began within ${PATIENCE / 1000} s`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timeout.abort();
    late.catch(() => {});
  }
}

function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
