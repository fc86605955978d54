// Bundles the page of examples/react with the package as it was built.
import { build } from "esbuild";

await build({
    entryPoints: ["../examples/react/page.tsx"],
    outfile: "../examples/react/dist/page.js",
    bundle: true,
    format: "esm",
    jsx: "automatic",
    alias: { "@dataqueue/react": "./dist/esm/index.js" },
    nodePaths: ["node_modules"],
    define: { "process.env.NODE_ENV": '"production"' },
    minify: true,
});
