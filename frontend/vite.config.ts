import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { catalogues, spoken } from "./build/catalogue.ts";
import { stamp } from "./build/stamp.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const service = process.env.DEFLATOR_SERVICE ?? "http://127.0.0.1:8765";

const LANGUAGES = ["en", "zh"];

/** What the build is made from; tests/web/test_front_end.py names the same. */
const SOURCES = [
  "frontend/src",
  "frontend/build",
  "frontend/index.html",
  "frontend/public",
  "frontend/package-lock.json",
  "frontend/svelte.config.js",
  "frontend/tsconfig.json",
  "frontend/vite.config.ts",
  ...LANGUAGES.flatMap((language) =>
    spoken(`${root}src/deflator/messages/${language}`).map((name) => `src/deflator/messages/${language}/${name}`),
  ),
];

export default defineConfig({
  plugins: [catalogues(`${root}src/deflator/messages`, LANGUAGES), svelte(), stamp(root, SOURCES)],
  build: {
    outDir: `${root}src/deflator/web/static`,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        // Names stay, so that a change of sources is a change of few files; the service has browsers ask each time.
        entryFileNames: "assets/dashboard.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: service, ws: true, changeOrigin: true, headers: { origin: service } } },
  },
});
