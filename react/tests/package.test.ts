import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";
import { expect, it } from "vitest";

const LIMIT = 5 * 1024;

async function bundle(code: string) {
    const { outputFiles, metafile } = await build({
        stdin: { contents: code, resolveDir: "." },
        bundle: true,
        minify: true,
        format: "esm",
        external: ["react"],
        write: false,
        metafile: true,
    });
    return { code: outputFiles[0]?.contents ?? new Uint8Array(), metafile };
}

function run(...args: string[]): string {
    return execFileSync(process.execPath, args, { encoding: "utf8" }).trim();
}

it.each(["@dataqueue/react", "@dataqueue/react/element"])("%s takes 5 KB at most", async (name) => {
    const { code } = await bundle(`export * from "${name}"`);
    const size = gzipSync(code, { level: 9 }).length;
    console.log(`${name}: ${String(size)} bytes, minified and compressed`);
    expect(size).toBeGreaterThan(1000);
    expect(size).toBeLessThanOrEqual(LIMIT);
});

it("needs no React for the element, which a bare import keeps", async () => {
    const { code, metafile } = await bundle('import "@dataqueue/react/element"');
    expect(Buffer.from(code).toString()).toContain("dataqueue-progress");
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
    expect(imports.length).toBeGreaterThan(3);
    expect(imports.filter(({ path }) => path.startsWith("react"))).toEqual([]);
});

it("leaves nothing behind where nothing of it is used", async () => {
    const { code } = await bundle('import { useJob } from "@dataqueue/react"; console.log(1)');
    expect(Buffer.from(code).toString().trim()).toBe("console.log(1);");
});

it.each([
    [
        "--input-type=module",
        'import * as all from "@dataqueue/react"; console.log(Object.keys(all).sort().join())',
    ],
    ["--input-type=commonjs", 'console.log(Object.keys(require("@dataqueue/react")).sort().join())'],
])("is loaded by Node with %s", (type, code) => {
    expect(run(type, "--eval", code)).toBe("DataqueueProvider,RequestError,isFinal,useJob,useJobs");
});

it.each([
    ["--input-type=module", 'await import("@dataqueue/react/element"); console.log("fine")'],
    ["--input-type=commonjs", 'require("@dataqueue/react/element"); console.log("fine")'],
])("has an element that servers can import with %s", (type, code) => {
    expect(run(type, "--eval", code)).toBe("fine");
});

it("says of each module with hooks that it is for clients", () => {
    for (const format of ["esm", "cjs"]) {
        const hooks = readdirSync(`dist/${format}`).filter((file) =>
            /^(index|provider|use-.*)\.js$/.test(file),
        );
        expect(hooks.length).toBe(5);
        for (const file of hooks) {
            expect(readFileSync(`dist/${format}/${file}`, "utf8")).toMatch(
                /^("use strict";\n)?"use client";\n/,
            );
        }
    }
});

it("names no host in its lock file, and has no dependency at run time", () => {
    const lock = readFileSync("package-lock.json", "utf8");
    expect(lock.match(/"resolved": "[a-z+]*:.*/g)).toBeNull();
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies?: object };
    expect(dependencies).toBeUndefined();
});
