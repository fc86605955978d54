/** How many handlers ended in this process, in a file that the orchestrator reads meanwhile. */

const INTERVAL = 4;

export class Counter {
  ended = 0;
  #written = 0;
  #file;
  #write;
  #bytes = Buffer.alloc(8);

  /** Writes into an open file, by a function as `fs.writeSync`. */
  constructor(file, write) {
    this.#file = file;
    this.#write = write;
    // The timer alone is no reason to stay.
    setInterval(() => this.write(), INTERVAL).unref();
  }

  /** Writes the number, if it has changed. */
  write() {
    if (this.ended === this.#written) return;
    this.#written = this.ended;
    this.#bytes.writeBigUInt64LE(BigInt(this.#written));
    this.#write(this.#file, this.#bytes, 0, this.#bytes.length, 0);
  }
}
