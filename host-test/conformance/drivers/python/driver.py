"""Runs the plugin in libextism (wasmtime), the engine that hyper-mcp embeds.

    python driver.py plugin.wasm

It speaks the protocol of ../../protocol.
"""

import json
import sys
import time
from importlib.metadata import version

import extism


def microseconds(since):
    return int((time.perf_counter() - since) * 1e6)


def load(wasm, options):
    manifest = {
        "wasm": [{"data": wasm}],
        "config": options.get("config", {}),
        "allowed_hosts": options.get("allowedHosts", []),
    }
    if options.get("maxPages"):
        manifest["memory"] = {"max_pages": options["maxPages"]}
    return extism.Plugin(manifest, wasi=True)


def answer(plugin, wasm, request):
    """Returns the plugin, which may be a new one, and what is answered."""
    reply = {}
    try:
        if "load" in request:
            start = time.perf_counter()
            plugin = load(wasm, request["load"])
            reply["loadMicros"] = microseconds(start)
        start = time.perf_counter()
        output = plugin.call(request["export"], request["input"])
        reply["callMicros"] = microseconds(start)
        reply["output"] = output.decode()
    except extism.Error as e:
        reply["error"] = str(e)
    return plugin, reply


def main():
    with open(sys.argv[1], "rb") as f:
        wasm = f.read()
    lines = []
    logger = extism.set_log_custom(lines.append, "info")
    say({"version": f"{version('extism')}, libextism {extism.extism_version().lstrip('v')}"})
    plugin = None
    for line in sys.stdin:
        plugin, reply = answer(plugin, wasm, json.loads(line))
        logger.drain()
        reply["log"] = "".join(lines)
        lines.clear()
        say(reply)


def say(message):
    print(json.dumps(message), flush=True)


main()
