import { version } from "react";
import { version as dom } from "react-dom";
import { expect, it } from "vitest";

it("runs under the React that this project is named for", (test) => {
    const wanted = test.task.file.projectName?.replace("React ", "");
    expect(version.split(".")[0]).toBe(wanted);
    expect(dom.split(".")[0]).toBe(wanted);
});
