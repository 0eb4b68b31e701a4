// Runs the plugin in Node, with the Extism SDK whose package name is given:
//
//	node driver.mjs plugin.wasm extism-1
//
// It speaks the protocol of ../../protocol.
//
// Three things to know before embedding this SDK, all of them its own:
//
//   - HTTP works in a worker only, because host functions are synchronous and the
//     main thread would have to wait for its own fetch.
//   - A host function that fails (host not allowed, refused connection) closes that
//     worker for good. The next call then throws in 1.0.3 and never ends in
//     2.0.0-rc13: after a rejected call make a new plugin.
//   - In a worker, what a call allocated stays allocated until reset is called.

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { format } from "node:util";

const [file, name] = process.argv.slice(2);
const { createPlugin } = await import(name);
const sdk = JSON.parse(await readFile(new URL(`node_modules/${name}/package.json`, import.meta.url)));
const wasm = await readFile(file);

let plugin;
let log = [];
const collect = (...words) => log.push(format(...words));
const logger = { ...console, trace: collect, debug: collect, info: collect, log: collect, warn: collect, error: collect };

function load({ config, allowedHosts, maxPages }) {
  return createPlugin(
    { wasm: [{ data: wasm }] },
    {
      useWasi: true,
      runInWorker: true,
      fetch: (url, options) => fetch(url, { ...options, redirect: "manual" }), // as README shows
      config,
      allowedHosts,
      memory: maxPages ? { maxPages } : {},
      logger,
      logLevel: "info",
    },
  );
}

async function answer(request) {
  const reply = {};
  try {
    if (request.load) {
      await plugin?.close().catch(() => {});
      const start = performance.now();
      plugin = await load(request.load);
      reply.loadMicros = microseconds(start);
    }
    const start = performance.now();
    const output = await plugin.call(request.export, request.input);
    reply.callMicros = microseconds(start);
    reply.output = output?.text() ?? "";
    await plugin.reset();
  } catch (error) {
    reply.error = String(error);
  }
  reply.log = log.join("\n");
  log = [];
  return reply;
}

function microseconds(since) {
  return Math.round((performance.now() - since) * 1000);
}

function say(message) {
  process.stdout.write(JSON.stringify(message) + "\n");
}

say({ version: `${sdk.version}, Node ${process.versions.node}` });
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(JSON.parse(line)));
}
process.exit(); // a worker would keep the process alive
