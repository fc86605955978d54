// Libraries in node_modules get React 18 too where they require React.
import Module, { createRequire } from "node:module";

type Resolve = (request: string, ...rest: unknown[]) => string;

const old = createRequire(createRequire(import.meta.url).resolve("react-18/package.json"));
const loader = Module as unknown as { _resolveFilename: Resolve };
const resolve = loader._resolveFilename;
const known = new Map<string, string>();
for (const name of ["react", "react/jsx-runtime", "react-dom", "react-dom/client", "react-dom/test-utils"]) {
    known.set(name, old.resolve(name));
}

loader._resolveFilename = (request, ...rest) => known.get(request) ?? resolve(request, ...rest);
