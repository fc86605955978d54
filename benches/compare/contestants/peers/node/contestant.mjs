/**
 * What the contestants for Node share: reading commands, answering them, and counting handlers that ended.
 *
 * A program hands `run` a peer: an object that knows how its library adds, works and stops.
 */

import { openSync, readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { Counter } from "./counter.mjs";
import { Marks, latencies, steady } from "./latency.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const INSTALLED = join(HERE, "../../../../../target/peers/node");
const require = createRequire(import.meta.url);

// Standard output is for answers; what a library logs goes to the other one.
globalThis.console = new console.Console(process.stderr, process.stderr);

/** The path of a file of an installed package: beside the programs, under target/peers/node, or in $NODE_PATH. */
function find(name) {
  return require.resolve(name, { paths: [HERE, INSTALLED] });
}

/** Imports a package from where it is installed. */
export function load(name) {
  return import(pathToFileURL(find(name)).href);
}

/** The version of the package that is installed. */
export function version(name) {
  for (let folder = dirname(find(name)); folder !== dirname(folder); folder = dirname(folder)) {
    const described = read(join(folder, "package.json"));
    if (described?.name === name) return described.version;
  }
  throw new Error(`${name} does not say its version`);
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The commands, each a method named after what is to be done. */
class Contestant {
  over = false;
  #peer;
  #counter;
  #marks = new Marks();
  #kind = "async";

  constructor(peer, counter) {
    this.#peer = peer;
    this.#counter = counter;
  }

  hello() {
    const { notes, ...about } = this.#peer.about;
    return { ...about, notes: `${notes}; Node ${process.versions.node}` };
  }

  async prepare() {
    await this.#peer.prepare();
    return {};
  }

  async add({ count, bytes, kind }) {
    const payloads = Array.from({ length: count }, () => payload(bytes));
    return { seconds: await timed(() => this.#peer.addMany(payloads, kind)) };
  }

  async add_single({ count, callers, bytes }) {
    let left = count;
    const call = async () => {
      while (left-- > 0) await this.#peer.addOne(payload(bytes), "async");
    };
    return { seconds: await timed(() => Promise.all(Array.from({ length: callers }, call))) };
  }

  async work({ kind, latency = false }) {
    this.#kind = kind;
    const counter = this.#counter;
    const marks = this.#marks;
    const handler = (job) => {
      if (job.mark !== undefined) marks.began(job);
      counter.ended += 1;
    };
    await this.#peer.work(kind === "sync" ? handler : async (job) => handler(job), { kind, latency });
    return {};
  }

  async latency({ count, pause = 0.02 }) {
    return { milliseconds: await latencies((job) => this.#peer.addOne(job, this.#kind), this.#marks, count, pause) };
  }

  async steady({ rate, seconds }) {
    return { milliseconds: await steady((jobs) => this.#peer.addMany(jobs, this.#kind), this.#marks, rate, seconds) };
  }

  async left() {
    return { count: await this.#peer.left() };
  }

  async stop() {
    await this.#peer.stop();
    this.#counter.write();
    return { done: this.#counter.ended };
  }

  async quit() {
    this.over = true;
    await this.stop();
    await this.#peer.close();
    return {};
  }
}

/** A JSON object of so many bytes. */
function payload(bytes) {
  return { text: "x".repeat(Math.max(0, bytes - '{"text":""}'.length)) };
}

async function timed(call) {
  const began = performance.now();
  await call();
  return (performance.now() - began) / 1000;
}

async function answer(contestant, line) {
  try {
    const { do: what, ...options } = JSON.parse(line);
    if (what === "constructor" || !Object.hasOwn(Contestant.prototype, what)) throw new Error(`no command: ${what}`);
    return await contestant[what](options);
  } catch (error) {
    console.error(error);
    return { error: `${error.name}: ${error.message}` };
  }
}

/** Answers commands, one after another, until `quit`, the end of the input, or a signal. */
export async function run(connect) {
  const { values } = parseArgs({ options: { url: { type: "string" }, counter: { type: "string" } } });
  const counter = new Counter(openSync(values.counter, "r+"), writeSync);
  const contestant = new Contestant(await connect(values.url), counter);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") continue;
    process.stdout.write(`${JSON.stringify(await answer(contestant, line))}\n`);
    if (contestant.over) break;
  }
  if (!contestant.over) await contestant.quit();
  // A library may keep timers; what was written is passed on first.
  process.stdout.write("", () => process.exit(0));
}
