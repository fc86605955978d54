import { cleanup } from "@testing-library/react";
import { EventSource } from "eventsource";
import { afterEach } from "vitest";

Object.assign(globalThis, { EventSource });

afterEach(() => {
    cleanup();
});
