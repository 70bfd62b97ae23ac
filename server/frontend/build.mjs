// Builds what pages load into server/static/built/: the editor of queries and the map.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { map } from "./map.mjs";

const OUT = fileURLToPath(new URL("../static/built/", import.meta.url));

/** Takes out of Yasqe the style attribute that the Content-Security-Policy forbids. */
const tamed = {
  name: "tamed",
  setup({ onLoad }) {
    onLoad({ filter: /yasqe\.esm\.js$/ }, ({ path }) => ({
      contents: without(readFileSync(path, "utf8"), " style='text-decoration:underline'"),
    }));
  },
};

function without(text, part) {
  if (!text.includes(part)) throw new Error(`there is no ${part} in it any more`);
  return text.replaceAll(part, "");
}

mkdirSync(OUT, { recursive: true });
await build({
  entryPoints: [fileURLToPath(new URL("sparql.js", import.meta.url))],
  outdir: OUT,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "eof",
  plugins: [tamed],
});
writeFileSync(`${OUT}map.json`, JSON.stringify(map()));
