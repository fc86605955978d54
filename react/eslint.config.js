import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
    { ignores: ["dist", "**/node_modules"] },
    js.configs.recommended,
    {
        files: ["**/*.ts", "**/*.tsx"],
        extends: [
            tseslint.configs.strictTypeChecked,
            tseslint.configs.stylisticTypeChecked,
            reactHooks.configs.flat["recommended-latest"],
        ],
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    },
    { files: ["**/*.js"], languageOptions: { globals: { process: "readonly" } } },
);
