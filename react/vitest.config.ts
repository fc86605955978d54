import { createRequire } from "node:module";

import { defineConfig } from "vitest/config";

const old = createRequire(new URL("tests/react-18/package.json", import.meta.url));
const react = [
    "react/jsx-dev-runtime",
    "react/jsx-runtime",
    "react",
    "react-dom/client",
    "react-dom/test-utils",
    "react-dom",
];

const shared = {
    environment: "jsdom",
    include: ["tests/**/*.test.{ts,tsx}"],
    exclude: ["tests/package.test.ts"],
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
    testTimeout: 90_000,
    hookTimeout: 90_000,
};

export default defineConfig({
    test: {
        projects: [
            { test: { ...shared, name: "React 19" } },
            {
                test: {
                    ...shared,
                    name: "React 18",
                    setupFiles: ["tests/react-18.setup.ts", "tests/setup.ts"],
                },
                resolve: {
                    alias: react.map((name) => ({
                        find: new RegExp(`^${name}$`),
                        replacement: old.resolve(name),
                    })),
                },
            },
        ],
    },
});
