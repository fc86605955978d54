import { defineConfig } from "vitest/config";

// What is in dist/, as it was built: run after the build.
export default defineConfig({ test: { include: ["tests/package.test.ts"] } });
