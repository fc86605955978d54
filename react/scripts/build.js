// Compiles src/ into dist/, once as ES modules and once as CommonJS.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

rmSync("dist", { recursive: true, force: true });
for (const [format, type] of [
    ["esm", "module"],
    ["cjs", "commonjs"],
]) {
    execFileSync(process.execPath, [tsc, "-p", `tsconfig.${format}.json`], { stdio: "inherit" });
    // Bundlers read `sideEffects` in the package.json that is nearest to a file.
    const sideEffects = ["./element.js"];
    writeFileSync(`dist/${format}/package.json`, `${JSON.stringify({ type, sideEffects })}\n`);
}
