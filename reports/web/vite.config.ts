// Builds one page: everything inlined into its template, whose policy names script and style by
// their hashes. `vite build --mode report` makes built/report.html from report.html and
// src/report.tsx; a page without a source file has no script at all.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/// What a page may reach beside what stands in it.
const REACHES: Record<string, string> = { serve: "; connect-src 'self'" };

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/// What the program looks for and what would end the element must not stand in what is inlined.
function inlined(text: string, what: string): string {
  const bad = /<\/script|<\/style|<!--|\{\{|\r|\)assay"/i.exec(text);
  if (bad) throw new Error(`${what} holds ${bad[0]}: ${text.slice(bad.index - 40, bad.index + 40)}`);
  return text;
}

function onePage(page: string, hasScript: boolean): Plugin {
  return {
    name: "one-page",
    enforce: "post",
    generateBundle(_, bundle) {
      let script = "", style = "";
      for (const [name, part] of Object.entries(bundle)) {
        if (part.type === "chunk") script += part.code;
        else if (name.endsWith(".css")) style += String(part.source);
        delete bundle[name];
      }
      script = hasScript ? inlined(script.trim(), "the script") : "";
      style = inlined(style.trim(), "the style");
      const sources = `${hasScript ? `script-src ${hashOf(script)}; ` : ""}style-src ${hashOf(style)}${REACHES[page] ?? ""}`;
      const html = readFileSync(`${page}.html`, "utf8")
        .replace("%HEAD%", () => readFileSync("head.html", "utf8"))
        .replace("%SOURCES%", () => sources)
        .replace("%STYLE%", () => style)
        .replace("%SCRIPT%", () => script);
      this.emitFile({ type: "asset", fileName: `${page}.html`, source: html });
    },
  };
}

export default defineConfig(({ mode }) => {
  const source = `src/${mode}.tsx`;
  const hasScript = existsSync(source);
  return {
    plugins: [onePage(mode, hasScript)],
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      outDir: process.env.ASSAY_PAGE_OUT ?? "built",
      emptyOutDir: false,
      target: "es2022",
      cssCodeSplit: false,
      modulePreload: false,
      rollupOptions: {
        input: hasScript ? source : "src/plain.ts",
        output: { format: "iife" },
      },
    },
  };
});
