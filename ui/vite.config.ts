import { readFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";
import { emoji } from "./emoji.ts";

// The one place where the version stands.
const version = /^version = "([^"]+)"$/mu.exec(readFileSync(new URL("../Cargo.toml", import.meta.url), "utf8"))?.[1] ?? "";

/** The policy under which the window shows these pages; `vite preview` sends it too, so that a plain browser refuses what the window would refuse. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export default defineConfig({
  plugins: [svelte(), svelteTesting(), emoji()],
  base: "./",
  clearScreen: false,
  define: { __APP_VERSION__: JSON.stringify(version) },
  server: { host: "127.0.0.1", port: 1420, strictPort: true },
  preview: { host: "127.0.0.1", port: 1421, strictPort: true, headers: { "Content-Security-Policy": policy } },
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  test: { environment: "happy-dom", testTimeout: 30_000, include: ["tests/**/*.test.ts"], setupFiles: ["tests/setup.ts"], restoreMocks: true },
});
