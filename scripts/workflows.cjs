// Lints the workflows with actionlint as it was translated for Node; $1 is the folder that it is installed in.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const installed = path.resolve(process.argv[2], "node_modules", "@tktco", "node-actionlint");
const { runLint } = require(path.join(installed, "build", "index.js"));
const folder = path.join(".github", "workflows");

// The translation reads no configuration.
const configured = fs.readFileSync(path.join(".github", "actionlint.yaml"), "utf8");
const labels = /^ *labels: \[(.*)\]$/m.exec(configured)[1].split(",").map((label) => label.trim());

async function main() {
    let found = 0;
    for (const name of fs.readdirSync(folder).sort()) {
        const file = path.join(folder, name);
        for (const { line, column, message, kind } of await runLint(fs.readFileSync(file, "utf8"), file)) {
            if (!message || labels.some((label) => message.startsWith(`label "${label}" is unknown`))) continue;
            console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
            found += 1;
        }
    }
    console.log(`actionlint found ${found || "nothing"}`);
    // The translation never ends by itself.
    process.exit(found ? 1 : 0);
}

main();
