// An application of the TypeScript library, which makes the calls that it reads from its input, one a line.
import { createInterface } from "node:readline";
import { initJobQueue } from "@nicnocquee/dataqueue";

const queue = initJobQueue({ databaseConfig: { connectionString: process.env.URL } });
const ran = [];
const handlers = {
  theirs: async (payload) => {
    ran.push(payload);
    if (payload.fails) throw new Error("it broke");
  },
};
const calls = {
  ...queue,
  process: () => queue.createProcessor(handlers, { jobType: "theirs", batchSize: 10 }).start(),
  ran: async () => ran,
};
const read = (key, value) => (key === "runAt" && typeof value === "string" ? new Date(value) : value);

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line, read);
  try {
    console.log(JSON.stringify({ answer: (await calls[name](...args)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
process.exit(0);
