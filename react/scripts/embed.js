// Bundles the web component into the dashboard, which serves it to pages; with --check it compares.
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const target = "../python/dataqueue/dashboard/static/progress.js";
const { outputFiles } = await build({
    entryPoints: ["src/element.ts"],
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    banner: {
        js: "// Made from react/src/element.ts by react/scripts/embed.js: edit that, and run `npm run embed`.",
    },
    write: false,
});
const [{ text }] = outputFiles;
if (!process.argv.includes("--check")) {
    writeFileSync(target, text);
} else if (readFileSync(target, "utf8") !== text) {
    throw new Error(`${target} is not what src/ says: run \`npm run embed\` in react/`);
}
