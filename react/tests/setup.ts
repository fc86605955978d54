import { cleanup, configure } from "@testing-library/react";
import { EventSource } from "eventsource";
import { afterEach } from "vitest";

Object.assign(globalThis, { EventSource });

// A busy machine is slow, not wrong.
configure({ asyncUtilTimeout: 20_000 });

afterEach(() => {
    cleanup();
});
